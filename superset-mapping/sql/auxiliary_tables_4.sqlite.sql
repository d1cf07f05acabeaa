-- What queries are answered by whose cost must not grow with the directory: keys of resources, in indexes that have the ids too, and
-- how many resources there are. The code fills both from the documents once the statements are done.

-- `active` is the attribute of a user: 0 where it is not assigned, 1 for false, 2 for true. `display_name_key` is the folded
-- `displayName` after a `v`, hashed if it is too long for an index, or `w` where there is none, which comes after all names.
ALTER TABLE scim_resource ADD COLUMN active INTEGER NOT NULL DEFAULT 0;
ALTER TABLE scim_resource ADD COLUMN display_name_key TEXT NOT NULL DEFAULT 'w';
CREATE INDEX scim_resource_active ON scim_resource (tenant, resource_type, active, id);

-- Of resources with one key the one with the lesser id comes first, in either direction: hence two indexes of each order.
CREATE INDEX scim_resource_modified ON scim_resource (tenant, resource_type, last_modified, id);
CREATE INDEX scim_resource_modified_desc ON scim_resource (tenant, resource_type, last_modified DESC, id);
CREATE INDEX scim_resource_name ON scim_resource (tenant, resource_type, display_name_key, id);
CREATE INDEX scim_resource_name_desc ON scim_resource (tenant, resource_type, display_name_key DESC, id);

-- How many resources there are of each type and `active`, moved by the transaction that writes them.
CREATE TABLE scim_count (
    tenant TEXT NOT NULL,
    resource_type TEXT NOT NULL,
    active INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (tenant, resource_type, active)
);

-- Names of groups are found by their key.
DELETE FROM scim_value WHERE resource_type = 'Group' AND attribute = 'displayName';
