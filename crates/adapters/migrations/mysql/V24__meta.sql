-- codec_key: 16 random bytes under which ids become codes, in hexadecimal. openings: engines that ever wrote here.
-- executor: the one that ran last. app_version: the last program that opened the store.
CREATE TABLE meta (
    name  VARCHAR(64)    NOT NULL PRIMARY KEY,
    value VARBINARY(255) NOT NULL
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin;
