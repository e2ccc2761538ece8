-- Events owed to the broker: written in the transaction that made them true, deleted once the broker has confirmed them.
create table outbox (
    position    bigint generated always as identity primary key,
    message_id  uuid not null unique,
    type        text not null,
    body        jsonb not null,
    traceparent text
);
grant select, insert, delete on outbox to {requests};

-- Events that have taken effect here, by consumer: a second delivery finds its row and does nothing.
create table inbox (
    message_id  uuid not null,
    consumer    text not null,
    received_at timestamptz not null,
    primary key (message_id, consumer)
);
create index inbox_received_at on inbox (received_at);
grant select, insert, delete on inbox to {requests};

-- Answers to keyed writes (Idempotency-Key): stored in the transaction of the write, given again byte for byte.
create table idempotency_keys (
    owner       text not null,
    key         text not null check (length(key) between 1 and 255),
    fingerprint bytea not null,
    status      smallint not null,
    location    text,
    body        bytea not null,
    created_at  timestamptz not null,
    primary key (owner, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);
grant select, insert, delete on idempotency_keys to {requests};
