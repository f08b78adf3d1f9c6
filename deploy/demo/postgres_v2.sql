-- What the team did to the source this week.
ALTER TYPE order_status ADD VALUE 'refunded' AFTER 'paid';

ALTER TABLE users ADD COLUMN preferences jsonb NOT NULL DEFAULT '{}';
ALTER TABLE users DROP COLUMN legacy_flags;

-- A view reads users.email, so it is taken down and put back around this.
DROP VIEW tenant_users;
ALTER TABLE users ALTER COLUMN email TYPE varchar(255);
CREATE VIEW tenant_users AS
  SELECT t.slug, u.email, m.role
  FROM memberships m JOIN tenants t ON t.id = m.tenant_id
  JOIN users u ON u.id = m.user_id;

CREATE TABLE webhooks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL REFERENCES tenants ON DELETE CASCADE,
  url text NOT NULL CHECK (url LIKE 'https://%'),
  secret_hash bytea NOT NULL,
  disabled_at timestamptz
);
CREATE INDEX webhooks_by_tenant ON webhooks (tenant_id);

CREATE INDEX orders_by_status ON orders (status, placed_at);
DROP INDEX billing.invoices_due;
CREATE INDEX invoices_due ON billing.invoices (due_on, tenant_id) INCLUDE (amount);

CREATE OR REPLACE VIEW open_orders AS
  SELECT o.id, o.tenant_id, c.email, o.total, o.placed_at
  FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE o.status IN ('new', 'paid');

CREATE OR REPLACE FUNCTION next_invoice_number() RETURNS text LANGUAGE sql AS
$$ SELECT 'INV-' || to_char(nextval('billing.invoice_number'), 'FM00000000') $$;

COMMENT ON TABLE plans IS 'What a tenant can subscribe to';
