-- What people do to a Superset, and one name that must not run in a browser.
PRAGMA foreign_keys = ON;
INSERT INTO ab_user (first_name, last_name, username, email, active, created_on) VALUES
  ('Local', 'Admin', 'admin', 'admin@example.com', TRUE, '2026-01-01 00:00:00.000000');
INSERT INTO ab_user_role (user_id, role_id) SELECT id, 1 FROM ab_user WHERE username = 'admin';
INSERT INTO ab_user (first_name, last_name, username, email, active, created_on) VALUES
  ('Mallory', 'Local', 'mallory', 'mallory@example.com', TRUE, '2026-01-01 00:00:00.000000'),
  ('<b>', 'x', '<script>document.body.remove()</script>', 'x@example.com', TRUE, '2026-01-01 00:00:00.000000');
UPDATE ab_user SET active = TRUE WHERE username = 'person10@example.com';
UPDATE ab_user SET active = FALSE WHERE username IN ('person11@example.com', 'person12@example.com');
UPDATE ab_user SET first_name = 'Another', email = 'else@example.com' WHERE username = 'person13@example.com';
INSERT INTO ab_user_role (user_id, role_id) SELECT id, 1 FROM ab_user WHERE username IN ('person03@example.com', 'person20@example.com');
DELETE FROM ab_user_role WHERE user_id IN (SELECT id FROM ab_user WHERE username IN ('person31@example.com', 'person32@example.com'));
DELETE FROM ab_user_group WHERE user_id IN (SELECT id FROM ab_user WHERE username IN ('person04@example.com', 'person14@example.com'));
INSERT INTO ab_user_group (user_id, group_id) SELECT u.id, g.id FROM ab_user u, ab_group g WHERE u.username = 'person05@example.com' AND g.name = 'engineers';
INSERT INTO ab_group_role (group_id, role_id) SELECT id, 3 FROM ab_group WHERE name = 'engineers';
DELETE FROM ab_group_role WHERE group_id = (SELECT id FROM ab_group WHERE name = 'analysts');
UPDATE ab_group SET name = 'finance (old)' WHERE name = 'finance';
DELETE FROM ab_group WHERE name = 'sales';
DELETE FROM ab_user WHERE username = 'person06@example.com';
INSERT INTO scim_grant (relation, holder_id, held_id) VALUES ('ab_user_role', 9999, 3);
INSERT INTO ab_user (first_name, last_name, username, email, active, created_on) VALUES
  ('Former', 'Intern', 'former', 'former@example.com', FALSE, '2026-01-01 00:00:00.000000');
INSERT INTO ab_user_role (user_id, role_id) SELECT id, 3 FROM ab_user WHERE username = 'former';
UPDATE ab_user SET active = TRUE WHERE username = 'person30@example.com';
UPDATE ab_user SET last_name = 'Renamed' WHERE username IN ('person15@example.com', 'person16@example.com');
INSERT INTO ab_user_role (user_id, role_id) SELECT id, 5 FROM ab_user WHERE username = 'person40@example.com';
INSERT INTO ab_user_role (user_id, role_id) SELECT id, 5 FROM ab_user WHERE username IN ('person33@example.com', 'person34@example.com');
INSERT INTO ab_user_role (user_id, role_id) SELECT id, 3 FROM ab_user WHERE username = 'person17@example.com';
INSERT INTO scim_grant (relation, holder_id, held_id) SELECT 'ab_user_role', id, 3 FROM ab_user WHERE username = 'person17@example.com';
INSERT INTO ab_user_group (user_id, group_id) SELECT u.id, g.id FROM ab_user u, ab_group g WHERE u.username = 'person07@example.com' AND g.name = 'engineers';
INSERT INTO scim_grant (relation, holder_id, held_id) SELECT 'ab_user_group', u.id, g.id FROM ab_user u, ab_group g WHERE u.username = 'person07@example.com' AND g.name = 'engineers';
INSERT INTO ab_group_role (group_id, role_id) SELECT id, 4 FROM ab_group WHERE name = 'engineers';
INSERT INTO scim_grant (relation, holder_id, held_id) SELECT 'ab_group_role', id, 4 FROM ab_group WHERE name = 'engineers';
INSERT INTO ab_group (name, label) VALUES ('leftover', 'leftover');
INSERT INTO ab_user_group (user_id, group_id) SELECT u.id, g.id FROM ab_user u, ab_group g WHERE u.username = 'person08@example.com' AND g.name = 'leftover';
INSERT INTO scim_grant (relation, holder_id, held_id) SELECT 'ab_user_group', u.id, g.id FROM ab_user u, ab_group g WHERE u.username = 'person08@example.com' AND g.name = 'leftover';
INSERT INTO scim_grant (relation, holder_id, held_id) SELECT 'ab_user_role', id, 1 FROM ab_user WHERE username = 'person18@example.com';
