-- A small SaaS: one database per tenant group.
CREATE SEQUENCE invoice_number START WITH 1000 CACHE 10;

CREATE TABLE plans (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  code VARCHAR(20) NOT NULL,
  name VARCHAR(100) NOT NULL,
  monthly DECIMAL(10,2) NOT NULL CHECK (monthly >= 0),
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY plans_code (code)
) COMMENT='What a tenant can buy';

CREATE TABLE tenants (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  slug VARCHAR(63) NOT NULL COMMENT 'The tenant''s host name',
  name VARCHAR(200) NOT NULL,
  plan_id INT UNSIGNED NOT NULL,
  settings JSON NOT NULL DEFAULT '{}',
  theme VARCHAR(20) GENERATED ALWAYS AS (json_value(settings, '$.theme')) VIRTUAL,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  updated_at TIMESTAMP NULL ON UPDATE CURRENT_TIMESTAMP,
  UNIQUE KEY tenants_slug (slug),
  KEY tenants_plan (plan_id),
  CONSTRAINT tenants_plan_fk FOREIGN KEY (plan_id) REFERENCES plans (id),
  CONSTRAINT tenants_slug_shape CHECK (slug REGEXP '^[a-z][a-z0-9-]*$')
);

CREATE TABLE users (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  email VARCHAR(50) NOT NULL,
  full_name VARCHAR(200),
  password_hash VARCHAR(100) NOT NULL,
  legacy_flags INT,
  created_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  UNIQUE KEY users_email (email)
);

CREATE TABLE memberships (
  tenant_id BIGINT UNSIGNED NOT NULL,
  user_id BIGINT UNSIGNED NOT NULL,
  role ENUM('owner', 'admin', 'member') NOT NULL DEFAULT 'member',
  PRIMARY KEY (tenant_id, user_id),
  KEY memberships_user (user_id),
  CONSTRAINT memberships_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE,
  CONSTRAINT memberships_user_fk FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);

CREATE TABLE customers (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tenant_id BIGINT UNSIGNED NOT NULL,
  email VARCHAR(120) NOT NULL,
  country CHAR(2) CHARACTER SET ascii COLLATE ascii_bin,
  notes TEXT,
  UNIQUE KEY customers_email (tenant_id, email),
  FULLTEXT KEY customers_notes (notes),
  CONSTRAINT customers_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenants (id) ON DELETE CASCADE
);

CREATE TABLE orders (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  tenant_id BIGINT UNSIGNED NOT NULL,
  customer_id BIGINT UNSIGNED NOT NULL,
  status ENUM('new', 'paid', 'shipped', 'cancelled') NOT NULL DEFAULT 'new',
  total DECIMAL(12,2) NOT NULL DEFAULT 0,
  placed_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  KEY orders_tenant (tenant_id, placed_at),
  KEY orders_customer (customer_id),
  CONSTRAINT orders_tenant_fk FOREIGN KEY (tenant_id) REFERENCES tenants (id),
  CONSTRAINT orders_customer_fk FOREIGN KEY (customer_id) REFERENCES customers (id)
);

CREATE TABLE invoices (
  number BIGINT NOT NULL DEFAULT NEXTVAL(invoice_number) PRIMARY KEY,
  order_id BIGINT UNSIGNED NOT NULL,
  amount DECIMAL(12,2) NOT NULL,
  due_on DATE NOT NULL,
  KEY invoices_due (due_on),
  KEY invoices_order (order_id),
  CONSTRAINT invoices_order_fk FOREIGN KEY (order_id) REFERENCES orders (id)
);

-- What happened, a year a partition.
CREATE TABLE audit_log (
  id BIGINT UNSIGNED NOT NULL AUTO_INCREMENT,
  tenant_id BIGINT UNSIGNED NOT NULL,
  action VARCHAR(100) NOT NULL,
  at_year SMALLINT NOT NULL,
  PRIMARY KEY (id, at_year)
) PARTITION BY RANGE (at_year) (
  PARTITION p2024 VALUES LESS THAN (2025),
  PARTITION p2025 VALUES LESS THAN (2026)
);

-- Prices with their history.
CREATE TABLE prices (
  sku VARCHAR(40) NOT NULL PRIMARY KEY,
  price DECIMAL(10,2) NOT NULL
) WITH SYSTEM VERSIONING;

CREATE VIEW tenant_users AS
  SELECT t.slug, u.email, m.role
  FROM memberships m JOIN tenants t ON t.id = m.tenant_id
  JOIN users u ON u.id = m.user_id;

CREATE VIEW open_orders AS
  SELECT o.id, o.tenant_id, o.total, o.placed_at FROM orders o
  WHERE o.status IN ('new', 'paid');

DELIMITER ;;
CREATE FUNCTION order_label(id BIGINT UNSIGNED) RETURNS VARCHAR(30) DETERMINISTIC
BEGIN
  RETURN concat('ORD-', lpad(id, 8, '0'));
END;;
CREATE PROCEDURE close_tenant(IN tenant BIGINT UNSIGNED)
BEGIN
  DELETE FROM memberships WHERE tenant_id = tenant;
  DELETE FROM tenants WHERE id = tenant;
END;;
CREATE TRIGGER orders_total BEFORE INSERT ON orders FOR EACH ROW
BEGIN
  IF NEW.total < 0 THEN SET NEW.total = 0; END IF;
END;;
DELIMITER ;

CREATE EVENT forget_cancelled ON SCHEDULE EVERY 1 DAY DISABLE
  DO DELETE FROM orders WHERE status = 'cancelled' AND placed_at < now() - INTERVAL 1 YEAR;
