-- See sqlite.sql for what it means.

CREATE TABLE IF NOT EXISTS scim_hold (
    id VARBINARY(64) NOT NULL PRIMARY KEY,
    held_at VARBINARY(40) NOT NULL,
    hold MEDIUMTEXT NOT NULL,
    refused BIGINT NOT NULL,
    last_refused VARBINARY(40),
    released_at VARBINARY(40),
    allowed BIGINT,
    allowed_until VARBINARY(40),
    used BIGINT NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4;
