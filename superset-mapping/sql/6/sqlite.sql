-- Clients whose writes are held back until an operator has looked, and how that ended. All servers of a database look here.

-- `hold` is what is known of the client and of what it did, as JSON (`scim_service::brake::Hold`) without what the other columns have.
-- `released_at` is null while the writes are held back. Of what the release lets pass (`allowed`, until `allowed_until`) `used` has.
CREATE TABLE scim_hold (
    id TEXT NOT NULL PRIMARY KEY,
    held_at TEXT NOT NULL,
    hold TEXT NOT NULL,
    refused INTEGER NOT NULL,
    last_refused TEXT,
    released_at TEXT,
    allowed INTEGER,
    allowed_until TEXT,
    used INTEGER NOT NULL
);
