-- Statements that define tables commit by themselves here, so each can be repeated: columns and keys are added where they are missing.
-- See auxiliary_tables_4.sqlite.sql for what it means.

SET @step = if((SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'scim_resource' AND column_name = 'active') > 0, 'DO 0',
    'ALTER TABLE scim_resource ADD COLUMN active BIGINT NOT NULL DEFAULT 0, ADD COLUMN display_name_key VARBINARY(1540) NOT NULL DEFAULT ''w'', ADD KEY scim_resource_active (tenant, resource_type, active, id), ADD KEY scim_resource_modified (tenant, resource_type, last_modified, id), ADD KEY scim_resource_modified_desc (tenant, resource_type, last_modified DESC, id), ADD KEY scim_resource_name (tenant, resource_type, display_name_key, id), ADD KEY scim_resource_name_desc (tenant, resource_type, display_name_key DESC, id)');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

CREATE TABLE IF NOT EXISTS scim_count (
    tenant VARBINARY(255) NOT NULL,
    resource_type VARBINARY(128) NOT NULL,
    active BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (tenant, resource_type, active)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;

DELETE FROM scim_value WHERE resource_type = 'Group' AND attribute = 'displayName';
