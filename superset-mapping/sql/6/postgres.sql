-- See sqlite.sql for what it means.

CREATE TABLE scim_hold (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    held_at TEXT COLLATE "C" NOT NULL,
    hold TEXT COLLATE "C" NOT NULL,
    refused BIGINT NOT NULL,
    last_refused TEXT COLLATE "C",
    released_at TEXT COLLATE "C",
    allowed BIGINT,
    allowed_until TEXT COLLATE "C",
    used BIGINT NOT NULL
);
