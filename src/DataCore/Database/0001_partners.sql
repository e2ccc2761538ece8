create table partners (
    id         uuid primary key,
    name       text not null unique check (length(name) between 1 and 128),
    created_at timestamptz not null
);
grant select, insert on partners to {requests};

-- Account numbers a programme draws its PANs from: the 15 digits before the Luhn digit, from first_account on.
-- next_index counts up and goes through a keyed permutation of 0..size-1, so ranges must never overlap.
create table bin_ranges (
    id            uuid primary key,
    partner_id    uuid not null references partners,
    range         text not null check (range ~ '^[0-9]{6,8}:[0-9]{7,9}-[0-9]{7,9}$'),
    first_account bigint not null check (first_account between 100000000000000 and 999999999999999),
    size          bigint not null check (size between 10 and 1000000000),
    next_index    bigint not null default 0 check (next_index between 0 and size),
    created_at    timestamptz not null,
    constraint as_written check (
        first_account = replace(split_part(range, '-', 1), ':', '')::bigint
        and first_account + size - 1 = (split_part(range, ':', 1) || split_part(range, '-', 2))::bigint),
    constraint no_overlap exclude using gist (int8range(first_account, first_account + size) with &&)
);
grant select, insert, update (next_index) on bin_ranges to {requests};

create table programmes (
    id                   uuid primary key,
    partner_id           uuid not null references partners,
    name                 text not null check (length(name) between 1 and 128),
    bin_range_id         uuid not null references bin_ranges,
    currency             text not null check (currency ~ '^[A-Z]{3}$'),
    processor            text not null check (processor ~ '^[a-z0-9-]{1,64}$'),
    remote_url           text,
    digital_first        boolean not null,
    kyc_mode             text not null check (kyc_mode in ('Manual', 'Automatic', 'Http', 'Partner')),
    auto_balance         boolean not null,
    session_minutes      int not null check (session_minutes between 1 and 60),
    card_validity_months int not null check (card_validity_months between 1 and 120),
    created_at           timestamptz not null,
    unique (partner_id, name)
);
grant select, insert on programmes to {requests};

-- Client certificates by the SHA-256 of their DER form. A revoked one is refused from the next request on.
create table certificates (
    thumbprint text primary key check (thumbprint ~ '^[0-9A-F]{64}$'),
    serial     text not null,
    kind       text not null check (kind in ('Partner', 'Processor')),
    partner_id uuid references partners,
    processor  text check (processor ~ '^[a-z0-9-]{1,64}$'),
    not_after  timestamptz not null,
    revoked_at timestamptz,
    created_at timestamptz not null,
    constraint one_holder check ((kind = 'Partner') = (partner_id is not null) and (kind = 'Processor') = (processor is not null))
);
grant select, insert, update (revoked_at) on certificates to {requests};
