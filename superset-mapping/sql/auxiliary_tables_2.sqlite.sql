-- Who stands behind what: a source is `client:NAME`, `provider:NAME` or `host`, and `client:*` a SCIM client from before clients
-- had names here. Rules say which of them they believe.

-- `source` is who asserts the resource: who wrote its content last. `generation` moves when somebody else comes to vouch for a user,
-- and when the user is deactivated or activated: a session that was opened under another one is over.
ALTER TABLE scim_resource ADD COLUMN source TEXT NOT NULL DEFAULT 'client:*';
ALTER TABLE scim_resource ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
CREATE INDEX scim_resource_claim ON scim_resource (external_key, resource_type);

-- Who made the membership.
ALTER TABLE scim_member ADD COLUMN source TEXT NOT NULL DEFAULT 'client:*';

-- Who asserted what the grant rests on, when it was made; empty where it was made before that was known.
ALTER TABLE scim_grant ADD COLUMN source TEXT NOT NULL DEFAULT '';

-- A deleted user's row is for the same person of the same source alone.
ALTER TABLE scim_tombstone ADD COLUMN source TEXT NOT NULL DEFAULT 'client:*';
ALTER TABLE scim_tombstone ADD COLUMN external_id TEXT;

-- The group that first claimed an `externalId` by which rules give protected roles. It keeps it, also when it is gone.
CREATE TABLE scim_pin (
    external_key TEXT NOT NULL PRIMARY KEY,
    external_id TEXT NOT NULL,
    resource_id TEXT NOT NULL,
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    pinned_at TEXT NOT NULL
);

-- The sources that ever wrote, in the order of `position`, then of time.
CREATE TABLE scim_source (
    source TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    first_at TEXT NOT NULL
);

-- What was there tells its source where a login made it.
UPDATE scim_resource SET source = 'provider:' || substr(external_id, 5, instr(substr(external_id, 5), ':') - 1)
WHERE substr(external_id, 1, 4) = 'jit:' AND instr(substr(external_id, 5), ':') > 1;
UPDATE scim_member SET source = (SELECT r.source FROM scim_resource r WHERE r.id = scim_member.group_id)
WHERE group_id IN (SELECT r.id FROM scim_resource r WHERE r.source LIKE 'provider:%');
INSERT INTO scim_source (source, position, first_at) SELECT source, 0, min(created) FROM scim_resource GROUP BY source;

-- Names of groups are unique for each source, and searched for among all.
INSERT INTO scim_value (tenant, resource_type, attribute, value, resource_id)
SELECT tenant, resource_type, attribute, value, resource_id FROM scim_unique
WHERE resource_type = 'Group' AND attribute = 'displayName';
UPDATE scim_unique SET attribute = (SELECT 'displayName of ' || r.source FROM scim_resource r WHERE r.id = scim_unique.resource_id)
WHERE resource_type = 'Group' AND attribute = 'displayName'
AND resource_id IN (SELECT r.id FROM scim_resource r WHERE r.source LIKE 'provider:%');
