-- The whole ledger. A hold is no row of its own any more: a transaction carries what it holds, and what an operation
-- (increment, reversal, clearing, refund, expiry) changes of it. What an account has held is moved by the triggers below, in the
-- statement that changes a hold, and by nothing else.

alter table accounts
    drop constraint accounts_kind_check,
    drop constraint accounts_available,
    add column holder        text not null default 'Platform' check (holder in ('Platform', 'Partner')),
    add column external_id   text check (length(external_id) between 1 and 64),
    add column opened        boolean not null default true,
    add column low_threshold bigint check (low_threshold > 0),
    add column low           boolean not null default false,
    add column notify        text[] not null default '{}',
    -- User: a balance. Partner: what a partner keeps here; differences go to it. Credit, Deposit: what its cards may spend, where
    -- balances are held here, and where the partner holds them. Funding: where its money comes from. Settlement: what the
    -- schemes get. Fees: what is charged.
    add constraint accounts_kind check (kind in ('User', 'Partner', 'Credit', 'Deposit', 'Funding', 'Settlement', 'Fees')),
    add constraint accounts_available check (kind not in ('User', 'Credit', 'Deposit') or posted - held >= 0),
    add constraint accounts_closed check (state <> 'Closed' or (posted = 0 and held = 0)),
    add constraint accounts_held_elsewhere check (holder = 'Platform' or (kind = 'User' and posted = 0 and held = 0));
drop index accounts_funding;
create unique index accounts_own on accounts (partner_id, currency, kind) where kind <> 'User';
create unique index accounts_external on accounts (programme_id, external_id) where external_id is not null;
grant insert (holder, external_id, opened, low_threshold, notify), update (opened, low_threshold, low, notify) on accounts to {requests};

insert into accounts (id, partner_id, kind, currency, state, opened, created_at)
select gen_random_uuid(), funding.partner_id, own.kind, funding.currency, 'Open', false, funding.created_at
from accounts as funding
cross join (values ('Partner'), ('Settlement'), ('Fees')) as own (kind)
where funding.kind = 'Funding';

alter table transactions
    drop constraint transactions_account_id_fkey,
    -- Nobody's, where it is on a partner's own account.
    alter column user_id drop not null,
    drop constraint transactions_type_check,
    drop constraint transactions_status_check,
    drop constraint transactions_cleared,
    drop constraint transactions_authorisation,
    drop constraint transactions_approval,
    drop constraint transactions_processor_processor_transaction_id_type_key,
    -- What is held now, on the balance (not where the partner holds it) and on the account behind it.
    add column held              bigint not null default 0 check (held >= 0),
    add column remote            boolean not null default false,
    add column backing_id        uuid,
    add column expires_at        timestamptz,
    add column authorized_amount bigint not null default 0 check (authorized_amount >= 0),
    add column cleared_amount    bigint not null default 0 check (cleared_amount >= 0),
    add column refunded_amount   bigint not null default 0 check (refunded_amount between 0 and cleared_amount),
    add column original_amount   bigint check (original_amount >= 0),
    add column original_currency text check (original_currency ~ '^[A-Z]{3}$'),
    add column rate_id           uuid,
    add column explanation       json,
    -- Which of the processor's attempts was decided, and which others were told the same: what nobody was told is let go of.
    add column decided_for       uuid,
    add column told              uuid[],
    add constraint transactions_type check (type in ('Purchase', 'Cash', 'Verification', 'Refund', 'Reload', 'Adjustment')),
    add constraint transactions_status check (status in ('Authorized', 'Declined', 'Reversed', 'Cleared')),
    add constraint transactions_cleared check ((status = 'Cleared') = (cleared_at is not null)),
    add constraint transactions_user check (user_id is not null or type in ('Reload', 'Adjustment')),
    add constraint transactions_original check ((original_amount is null) = (original_currency is null)),
    add constraint transactions_holding check (held = 0 or (status in ('Authorized', 'Cleared') and expires_at is not null));

update transactions
set held = placed.amount, authorized_amount = placed.amount, expires_at = placed.expires_at
from holds as placed
where placed.transaction_id = transactions.id;
update transactions set cleared_amount = amount where status = 'Cleared';
drop table holds;
drop function place_holds();

alter table transactions
    -- An authorisation says how it ended; it may have been asked for in a currency that the balance is not in.
    add constraint transactions_authorisation check (
        num_nonnulls(processor, processor_transaction_id, fingerprint, entry_channel, transmitted_at, action_code, available) in (0, 7)
        and (action_code is null) = (type in ('Refund', 'Reload', 'Adjustment') or (status = 'Cleared' and processor is null))
        and (action_code is null or num_nonnulls(card_id, merchant_mid, merchant_name, merchant_mcc, merchant_country, reason) = 6)),
    add constraint transactions_approval check ((action_code = '0000') = (approval_code is not null) and (action_code = '0000') = (status <> 'Declined'));
create unique index transactions_once on transactions (processor_transaction_id, processor, type) where processor is not null;
drop index transactions_of_account;
drop index transactions_newest;
drop index transactions_of_card;
-- Ids are UUIDv7: their order is that of time.
create index transactions_of_account on transactions (account_id, id);
create index transactions_expiring on transactions using brin (expires_at) with (pages_per_range = 16);
alter table transactions alter column explanation set storage external;
grant update (status, held, cleared_at, cleared_amount, refunded_amount, decided_for, told) on transactions to {requests};

-- What became of a transaction after it was decided. The sum of what its operations change of the hold, and of what was
-- authorised, is what it holds: checked when the work commits.
create table operations (
    id                       uuid primary key,
    partner_id               uuid not null,
    transaction_id           uuid not null references transactions,
    kind                     text not null check (kind in ('Increment', 'Reversal', 'Clearing', 'Refund', 'Expiry')),
    processor                text,
    processor_transaction_id text,
    fingerprint              bytea,
    amount                   bigint not null check (amount >= 0),
    held                     bigint not null,
    original_amount          bigint check (original_amount >= 0),
    original_currency        text check (original_currency ~ '^[A-Z]{3}$'),
    rate_id                  uuid,
    answer                   text,
    reason                   text,
    happened_at              timestamptz not null,
    constraint operations_asked_for check (num_nonnulls(processor, processor_transaction_id, fingerprint, answer) in (0, 4)),
    constraint operations_original check ((original_amount is null) = (original_currency is null))
);
create unique index operations_once on operations (processor_transaction_id, processor, kind) where processor is not null;
create index operations_of_transaction on operations (transaction_id, id);
grant select, insert on operations to {requests};

alter table entries add column operation_id uuid references operations;
create index entries_newest on entries using brin (posted_at) with (pages_per_range = 16);

create view holds as
select id as transaction_id, partner_id, account_id, held as amount, currency, authorized_at as placed_at, expires_at
from transactions
where held > 0 and not remote
union all
select id, partner_id, backing_id, held, currency, authorized_at, expires_at
from transactions
where held > 0 and backing_id is not null;
grant select on holds to {requests};

-- How much of one currency is worth one major unit of another, from a moment on.
create table rates (
    id         uuid primary key,
    base       text not null check (base ~ '^[A-Z]{3}$'),
    quote      text not null check (quote ~ '^[A-Z]{3}$' and quote <> base),
    rate       numeric(20, 10) not null check (rate > 0),
    source     text not null check (length(source) between 1 and 64),
    valid_from timestamptz not null,
    created_at timestamptz not null,
    unique (base, quote, valid_from)
);
grant select, insert on rates to {requests};

-- One at a time may look for holds that have run out, from where the last one stopped.
create table expiry (
    only_row   boolean primary key default true check (only_row),
    done_until timestamptz not null
);
insert into expiry (done_until) values ('-infinity');
grant select, update (done_until) on expiry to {requests};

-- The plans are pinned to the primary key of accounts: a plan made while the tables were small would stay in the session.
-- A partner's own account comes last: everybody meets there, so it is kept for the shortest time.
create function place_held() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
begin
    if exists (select from written where held <> authorized_amount) then
        raise exception 'A transaction holds what was authorised.'
            using errcode = 'integrity_constraint_violation', constraint = 'transactions_held_explained', table = 'transactions';
    end if;
    if exists (
        select
        from written
        left join accounts on accounts.id = written.account_id
        left join accounts as backing on backing.id = written.backing_id
        where accounts.id is null or (accounts.kind = 'User') <> (written.user_id is not null) or accounts.partner_id <> written.partner_id
            or (written.status <> 'Declined' and accounts.currency <> written.currency)
            or written.remote <> (accounts.holder = 'Partner')
            or (written.backing_id is not null and (backing.partner_id, backing.currency) is distinct from (written.partner_id, written.currency))
    ) then
        raise exception 'A transaction is its account''s.'
            using errcode = 'integrity_constraint_violation', constraint = 'transactions_account', table = 'transactions';
    end if;
    update accounts
    set held = accounts.held + promised.amount
    from (select account_id, sum(held)::bigint as amount from written where held > 0 and not remote group by account_id) as promised
    where accounts.id = promised.account_id;
    perform
    from accounts
    where id in (select backing_id from written where held > 0 and backing_id is not null)
    order by id
    for no key update;
    update accounts
    set held = accounts.held + promised.amount
    from (
        select backing_id, sum(held)::bigint as amount
        from written
        where held > 0 and backing_id is not null
        group by backing_id
    ) as promised
    where accounts.id = promised.backing_id;
    return null;
end
$$;

create trigger transactions_placed after insert on transactions
    referencing new table as written for each statement execute function place_held();

create function change_held() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
    set enable_hashjoin = off
    set enable_mergejoin = off
as $$
begin
    update accounts
    set held = accounts.held + changed.amount
    from (
        select written.account_id, sum(written.held - before.held)::bigint as amount
        from written
        join before on before.id = written.id
        where not written.remote
        group by written.account_id
        having sum(written.held - before.held) <> 0
    ) as changed
    where accounts.id = changed.account_id;
    update accounts
    set held = accounts.held + changed.amount
    from (
        select written.backing_id, sum(written.held - before.held)::bigint as amount
        from written
        join before on before.id = written.id
        where written.backing_id is not null
        group by written.backing_id
        having sum(written.held - before.held) <> 0
    ) as changed
    where accounts.id = changed.backing_id;
    return null;
end
$$;

create trigger transactions_changed after update on transactions
    referencing old table as before new table as written for each statement execute function change_held();

create function explain_held() returns trigger
    language plpgsql
    security definer
    set search_path = pg_catalog, public, pg_temp
    set enable_seqscan = off
as $$
declare
    concerned uuid := case tg_table_name when 'operations' then to_jsonb(new) ->> 'transaction_id' else to_jsonb(new) ->> 'id' end;
begin
    if exists (
        select
        from transactions
        where id = concerned
            and held <> authorized_amount + (select coalesce(sum(operations.held), 0) from operations where transaction_id = concerned)
    ) then
        raise exception 'What a transaction holds is not what its operations say.'
            using errcode = 'integrity_constraint_violation', constraint = 'transactions_held_explained', table = 'transactions';
    end if;
    return null;
end
$$;

create constraint trigger transactions_held_explained after update of held on transactions
    deferrable initially deferred for each row execute function explain_held();
create constraint trigger operations_held_explained after insert on operations
    deferrable initially deferred for each row execute function explain_held();

-- Whoever reads the journal in its order must know that nothing is still to come before what it reads: writers of entries share
-- this lock until they commit, and a reader takes it for a moment (x'4A6F75726E616C', "Journal").
create function announce_entries() returns trigger
    language plpgsql
as $$
begin
    perform pg_advisory_xact_lock_shared(20951698498281836);
    return null;
end
$$;

create trigger entries_announced before insert on entries for each statement execute function announce_entries();
