INSERT INTO plans (code, name, monthly) VALUES ('free', 'Free', 0), ('team', 'Team', 49);
INSERT INTO tenants (slug, name, plan_id) VALUES ('acme', 'Acme', 2), ('umbrella', 'Umbrella', 1);
INSERT INTO users (email, full_name, password_hash, legacy_flags) VALUES ('ann@acme.test', 'Ann', 'x', 3), ('bob@umbrella.test', 'Bob', 'y', NULL);
INSERT INTO memberships (tenant_id, user_id, role) VALUES (1, 1, 'owner'), (2, 2, 'member');
INSERT INTO customers (tenant_id, email, country) VALUES (1, 'cleo@example.test', 'DE'), (2, 'dan@example.test', 'US');
INSERT INTO orders (tenant_id, customer_id, status, total) SELECT 1 + seq % 2, 1 + seq % 2, 'paid', seq FROM seq_1_to_200;
