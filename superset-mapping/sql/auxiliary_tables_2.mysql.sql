-- Statements that define tables commit by themselves here, so each can be repeated: a column is added where it is missing.
-- See side_tables_2.sqlite.sql for what it means.

SET @step = if((SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'scim_resource' AND column_name = 'source') > 0, 'DO 0',
    'ALTER TABLE scim_resource ADD COLUMN source VARBINARY(1024) NOT NULL DEFAULT ''client:*'', ADD COLUMN generation BIGINT NOT NULL DEFAULT 0, ADD KEY scim_resource_claim (external_key, resource_type)');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = if((SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'scim_member' AND column_name = 'source') > 0, 'DO 0',
    'ALTER TABLE scim_member ADD COLUMN source VARBINARY(1024) NOT NULL DEFAULT ''client:*''');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = if((SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'scim_grant' AND column_name = 'source') > 0, 'DO 0',
    'ALTER TABLE scim_grant ADD COLUMN source VARBINARY(1024) NOT NULL DEFAULT ''''');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

SET @step = if((SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'scim_tombstone' AND column_name = 'source') > 0, 'DO 0',
    'ALTER TABLE scim_tombstone ADD COLUMN source VARBINARY(1024) NOT NULL DEFAULT ''client:*'', ADD COLUMN external_id MEDIUMTEXT');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

CREATE TABLE IF NOT EXISTS scim_pin (
    external_key VARBINARY(1536) NOT NULL PRIMARY KEY,
    external_id MEDIUMTEXT NOT NULL,
    resource_id VARBINARY(64) NOT NULL,
    tenant VARBINARY(255) NOT NULL,
    source VARBINARY(1024) NOT NULL,
    pinned_at VARBINARY(40) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

CREATE TABLE IF NOT EXISTS scim_source (
    source VARBINARY(1024) NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    first_at VARBINARY(40) NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

UPDATE scim_resource SET source = concat('provider:', substring_index(substring(external_id, 5), ':', 1))
WHERE CAST(external_id AS BINARY) LIKE 'jit:_%:%';
UPDATE scim_member m JOIN scim_resource r ON r.id = m.group_id SET m.source = r.source WHERE r.source LIKE 'provider:%';
INSERT IGNORE INTO scim_source (source, position, first_at)
SELECT source, 0, min(created) FROM scim_resource GROUP BY source;

INSERT IGNORE INTO scim_value (tenant, resource_type, attribute, value, resource_id)
SELECT tenant, resource_type, attribute, value, resource_id FROM scim_unique
WHERE resource_type = 'Group' AND attribute = 'displayName';
UPDATE scim_unique q JOIN scim_resource r ON r.id = q.resource_id SET q.attribute = concat('displayName of ', r.source)
WHERE q.resource_type = 'Group' AND q.attribute = 'displayName' AND r.source LIKE 'provider:%';
