-- Cards. The number is kept masked: the vault alone has it whole.
-- 'Issuing' is a card whose number the vault has not given yet; nobody sees it.
create table cards (
    id              uuid primary key,
    partner_id      uuid not null,
    user_id         uuid not null,
    program_id      uuid not null,
    balance_id      uuid not null,
    type            text not null check (type in ('Virtual', 'Physical', 'DigitalFirst')),
    status          text not null check (status in ('Issuing', 'Ordered', 'Inactive', 'Active', 'Locked', 'Removed', 'Expired')),
    masked_card_no  text check (masked_card_no ~ '^[0-9]{6}\*+[0-9]{4}$'),
    exp             date not null check (exp = (date_trunc('month', exp::timestamp) + interval '1 month - 1 day')::date),
    cardholder_name text check (length(cardholder_name) between 1 and 26),
    lock_code       smallint check (lock_code between 1 and 8),
    lock_source     text check (lock_source in ('User', 'Partner', 'Operator')),
    locked_at       timestamptz,
    activated_at    timestamptz,
    claimed_until   timestamptz,
    created_at      timestamptz not null,
    check ((status = 'Issuing') = (masked_card_no is null)),
    check ((status = 'Issuing') = (claimed_until is not null)),
    check ((status = 'Locked') = (lock_code is not null)),
    check ((lock_code is null) = (lock_source is null) and (lock_code is null) = (locked_at is null))
);
create index cards_of_user on cards (partner_id, user_id, created_at, id);
create index cards_of_balance on cards (balance_id, created_at, id);
create index cards_unfinished on cards (claimed_until) where status = 'Issuing';

-- A card belongs to one user, programme and balance for ever: requests may not change those columns.
-- Only a card that never came to be is deleted.
grant select, insert, delete on cards to {requests};
grant update (status, masked_card_no, lock_code, lock_source, locked_at, activated_at, claimed_until) on cards to {requests};

-- Which card an Idempotency-Key issued: its replay shows that card, with fresh references to its secrets.
create table issue_requests (
    owner       text not null,
    key         text not null check (length(key) between 1 and 255),
    fingerprint bytea not null,
    card_id     uuid not null unique references cards (id) on delete cascade,
    primary key (owner, key)
);
grant select, insert on issue_requests to {requests};
