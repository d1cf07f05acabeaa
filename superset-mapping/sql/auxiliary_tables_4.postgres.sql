-- See auxiliary_tables_4.sqlite.sql for what it means.

ALTER TABLE scim_resource ADD COLUMN active BIGINT NOT NULL DEFAULT 0;
ALTER TABLE scim_resource ADD COLUMN display_name_key TEXT COLLATE "C" NOT NULL DEFAULT 'w';
CREATE INDEX scim_resource_active ON scim_resource (tenant, resource_type, active, id);

CREATE INDEX scim_resource_modified ON scim_resource (tenant, resource_type, last_modified, id);
CREATE INDEX scim_resource_modified_desc ON scim_resource (tenant, resource_type, last_modified DESC, id);
CREATE INDEX scim_resource_name ON scim_resource (tenant, resource_type, display_name_key, id);
CREATE INDEX scim_resource_name_desc ON scim_resource (tenant, resource_type, display_name_key DESC, id);

CREATE TABLE scim_count (
    tenant TEXT COLLATE "C" NOT NULL,
    resource_type TEXT COLLATE "C" NOT NULL,
    active BIGINT NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (tenant, resource_type, active)
);

DELETE FROM scim_value WHERE resource_type = 'Group' AND attribute = 'displayName';
