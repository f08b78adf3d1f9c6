INSERT INTO plans (code, name, monthly) VALUES ('team', 'Team', 49);
INSERT INTO tenants (slug, name, plan_id) VALUES ('acme', 'Acme', 1), ('globex', 'Globex', 1);
INSERT INTO users (email, full_name, password_hash) VALUES ('ann@acme.test', 'Ann', 'x'), ('bob@globex.test', 'Bob', 'x');
INSERT INTO customers (tenant_id, email) VALUES (1, 'buyer@shop.test');
INSERT INTO products (tenant_id, sku, title, price) VALUES (1, 'S-1', 'Socks', 9);
INSERT INTO orders (tenant_id, customer_id, status) VALUES (1, 1, 'new'), (1, 1, 'paid'), (1, 1, 'shipped');
INSERT INTO order_items (order_id, line_no, product_id, quantity, unit_price) VALUES (1, 1, 1, 2, 9), (2, 1, 1, 1, 9);
