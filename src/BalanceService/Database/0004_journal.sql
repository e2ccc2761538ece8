-- Books that a stranger can check (docs/ledger.md). All entries, in the order of their positions, form one hash chain. A seal
-- keeps what the chain came to at an entry and builds on the seal before: each can be built on once, so there is one chain. A
-- root is what it came to with the last entry of a UTC day, signed. Requests can add and read both, change and remove neither.

create table seals (
    position bigint primary key references entries,
    previous bigint references seals check (previous < position),
    number   bigint not null unique check (number > 0),
    hash     bytea not null check (length(hash) = 32),
    unique nulls not distinct (previous)
);
grant select, insert on seals to {requests};

create table roots (
    day       date primary key,
    position  bigint not null references entries,
    number    bigint not null check (number > 0),
    hash      bytea not null check (length(hash) = 32),
    signature bytea not null check (length(signature) = 64),
    signed_at timestamptz not null
);
grant select, insert on roots to {requests};
