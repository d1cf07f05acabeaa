-- Statements that define tables commit by themselves here, so each can be repeated: columns are added where they are missing.
-- See sqlite.sql for what it means.

SET @step = if((SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND table_name = 'scim_audit' AND column_name = 'mac') > 0, 'DO 0',
    'ALTER TABLE scim_audit ADD COLUMN changes MEDIUMTEXT, ADD COLUMN address VARBINARY(45), ADD COLUMN rule MEDIUMTEXT, ADD COLUMN mac VARBINARY(128)');
PREPARE step FROM @step;
EXECUTE step;
DEALLOCATE PREPARE step;

CREATE TABLE IF NOT EXISTS scim_audit_chain (
    number BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    link VARBINARY(80) NOT NULL,
    sealed_at VARBINARY(40) NOT NULL,
    signature VARBINARY(80),
    UNIQUE KEY scim_audit_chain_position (position)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
