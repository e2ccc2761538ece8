-- What happened, as each partner may hear it: numbered without a gap for each partner, kept as it was first written.
create table partner_events (
    partner_id  uuid not null,
    sequence    bigint not null check (sequence > 0),
    id          uuid not null unique,
    type        text not null,
    occurred_at timestamptz not null,
    data        jsonb not null,
    recorded_at timestamptz not null,
    primary key (partner_id, sequence)
);
grant select, insert on partner_events to {requests};

-- The last number given to each partner. Its row stays locked until the event is written, so no number is skipped.
create table partner_sequences (
    partner_id uuid primary key,
    last       bigint not null check (last > 0)
);
grant select, insert, update on partner_sequences to {requests};
