-- The ledger, double entry. Amounts are minor units of an ISO 4217 currency. Requests append; they change and delete nothing
-- but an account's state. What an account has posted and held is summed up from its entries and holds by the triggers below,
-- in the statement that writes those, and by nothing else: requests have no right to the two columns.

create table accounts (
    id           uuid primary key,
    partner_id   uuid not null,
    kind         text not null check (kind in ('User', 'Funding')),
    user_id      uuid,
    programme_id uuid,
    currency     text not null check (currency ~ '^[A-Z]{3}$'),
    state        text not null check (state in ('Open', 'Blocked', 'Closed')),
    posted       bigint not null default 0,
    held         bigint not null default 0 check (held >= 0),
    created_at   timestamptz not null,
    unique (id, partner_id, currency),
    constraint accounts_owner check (num_nonnulls(user_id, programme_id) = case kind when 'User' then 2 else 0 end),
    constraint accounts_available check (kind <> 'User' or posted - held >= 0),
    constraint accounts_bound check (posted between -4000000000000000000 and 4000000000000000000)
) with (fillfactor = 70);
create unique index accounts_funding on accounts (partner_id, currency) where kind = 'Funding';
create index accounts_of_user on accounts (user_id, created_at, id) where kind = 'User';
grant select, insert (id, partner_id, kind, user_id, programme_id, currency, state, created_at), update (state) on accounts to {requests};

-- What happened to a balance, declines included. An authorisation keeps its answer, so that a repeat gets the same one.
create table transactions (
    id                       uuid primary key,
    partner_id               uuid not null,
    user_id                  uuid not null,
    account_id               uuid not null references accounts,
    card_id                  uuid,
    type                     text not null check (type in ('Purchase', 'Cash', 'Verification', 'Reload')),
    status                   text not null check (status in ('Authorized', 'Declined', 'Cleared')),
    amount                   bigint not null check (amount >= 0),
    currency                 text not null check (currency ~ '^[A-Z]{3}$'),
    authorized_at            timestamptz not null,
    cleared_at               timestamptz,
    reference                text,
    processor                text,
    processor_transaction_id text,
    fingerprint              bytea,
    merchant_mid             text,
    merchant_name            text,
    merchant_mcc             text,
    merchant_country         text,
    entry_channel            text,
    transmitted_at           timestamptz,
    action_code              text,
    reason                   text,
    approval_code            text,
    available                bigint,
    unique (processor, processor_transaction_id, type),
    constraint transactions_cleared check ((status = 'Cleared') = (cleared_at is not null)),
    constraint transactions_authorisation check (
        num_nonnulls(
            card_id, processor, processor_transaction_id, fingerprint, merchant_mid, merchant_name, merchant_mcc, merchant_country,
            entry_channel, transmitted_at, action_code, reason, available)
        = case when type = 'Reload' then 0 else 13 end),
    constraint transactions_approval check ((action_code = '0000') = (approval_code is not null) and (action_code = '0000') = (status <> 'Declined'))
);
create index transactions_of_account on transactions (account_id, authorized_at, id);
grant select, insert on transactions to {requests};

-- Money that moved. Positive: the account gets it. The entries of one statement sum to zero for each transaction, partner and
-- currency, or the statement fails.
create table entries (
    position       bigint generated always as identity primary key,
    partner_id     uuid not null,
    transaction_id uuid not null references transactions,
    account_id     uuid not null,
    amount         bigint not null check (amount <> 0),
    currency       text not null,
    posted_at      timestamptz not null,
    foreign key (account_id, partner_id, currency) references accounts (id, partner_id, currency)
);
create index entries_of_account on entries (account_id, position);
create index entries_of_transaction on entries (transaction_id);
grant select, insert on entries to {requests};

-- Money that is promised: still the account's, no longer available.
create table holds (
    id             uuid primary key,
    partner_id     uuid not null,
    account_id     uuid not null,
    transaction_id uuid not null references transactions,
    amount         bigint not null check (amount > 0),
    currency       text not null,
    placed_at      timestamptz not null,
    expires_at     timestamptz not null check (expires_at > placed_at),
    unique (transaction_id, account_id),
    foreign key (account_id, partner_id, currency) references accounts (id, partner_id, currency)
);
create index holds_of_account on holds (account_id);
grant select, insert on holds to {requests};

-- The plans are pinned to the primary key of accounts: a plan made while the tables were small would stay in the session.
create function post_entries() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
begin
    if exists (select from written group by transaction_id, partner_id, currency having sum(amount) <> 0) then
        raise exception 'The entries of a transaction do not sum to zero.'
            using errcode = 'integrity_constraint_violation', constraint = 'entries_sum_to_zero', table = 'entries';
    end if;
    update accounts
    set posted = accounts.posted + moved.amount
    from (select account_id, sum(amount)::bigint as amount from written group by account_id) as moved
    where accounts.id = moved.account_id;
    return null;
end
$$;

create trigger entries_posted after insert on entries
    referencing new table as written for each statement execute function post_entries();

create function place_holds() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
begin
    update accounts
    set held = accounts.held + promised.amount
    from (select account_id, sum(amount)::bigint as amount from written group by account_id) as promised
    where accounts.id = promised.account_id;
    return null;
end
$$;

create trigger holds_placed after insert on holds
    referencing new table as written for each statement execute function place_holds();
