-- Balances that the partner holds. What the partner's host is to be told of its transactions, in the order of each: kept until the
-- host has taken it, or for three days, and a while longer as the day's account of it.
create table remote_messages (
    id             uuid primary key,
    position       bigint generated always as identity,
    partner_id     uuid not null,
    programme_id   uuid not null,
    account_id     uuid not null references accounts,
    -- What the partner knows the transaction by.
    reference      uuid not null,
    -- Ours; none where nothing was decided.
    transaction_id uuid,
    kind           text not null check (kind in ('Advice', 'Reversal', 'Clearing', 'Refund')),
    body           json not null,
    occurred_at    timestamptz not null,
    state          text not null default 'Waiting' check (state in ('Waiting', 'Taken', 'Failed')),
    failures       int not null default 0,
    due_at         timestamptz not null,
    claimed_until  timestamptz
);
create index remote_messages_of_transaction on remote_messages (reference, position);
create index remote_messages_due on remote_messages (due_at, position) where state = 'Waiting';
create index remote_messages_of_day on remote_messages (programme_id, occurred_at);
grant select, delete on remote_messages to {requests};
grant insert (id, partner_id, programme_id, account_id, reference, transaction_id, kind, body, occurred_at, due_at) on remote_messages to {requests};
grant update (state, failures, due_at, claimed_until) on remote_messages to {requests};

-- What a day came to for the balances of a programme, in a currency, and what the partner's host says it came to.
create table reconciliations (
    id             uuid primary key,
    partner_id     uuid not null,
    programme_id   uuid not null,
    day            date not null,
    currency       text not null check (currency ~ '^[A-Z]{3}$'),
    ours           json not null,
    theirs         json,
    outcome        text not null check (outcome in ('Agreed', 'Differs', 'NotGiven', 'Unanswered')),
    differences    text[] not null,
    undelivered    int not null check (undelivered >= 0),
    unavailable    int not null check (unavailable >= 0),
    deposit_posted bigint not null,
    deposit_held   bigint not null,
    created_at     timestamptz not null,
    unique (programme_id, day, currency),
    constraint reconciliations_theirs check ((theirs is not null) = (outcome in ('Agreed', 'Differs'))),
    constraint reconciliations_differences check ((outcome = 'Differs') = (cardinality(differences) > 0))
);
create index reconciliations_newest on reconciliations (day, id);
grant select, insert on reconciliations to {requests};

create index operations_newest on operations using brin (happened_at) with (pages_per_range = 16);
