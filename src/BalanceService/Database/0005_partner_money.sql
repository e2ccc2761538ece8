-- What a partner keeps here, and what operators move. The threshold of a partner's own balance is watched by a job: it looks at
-- the few accounts that have one.
create index accounts_watched on accounts (id) where low_threshold is not null;
grant insert (low) on accounts to {requests};

-- An adjustment has a sign: negative where it takes from the balance.
alter table transactions
    drop constraint transactions_amount_check,
    add constraint transactions_amount check (amount >= 0 or type = 'Adjustment');

-- Adjustments that one operator alone may not make. Those below the limit are transactions, and no row here.
create table adjustments (
    id             uuid primary key,
    partner_id     uuid not null,
    user_id        uuid not null,
    account_id     uuid not null,
    amount         bigint not null check (amount <> 0),
    currency       text not null,
    reason         text not null check (reason in ('Correction', 'Fee', 'Goodwill', 'ChargebackWon', 'ChargebackLost')),
    note           text not null check (length(note) between 1 and 140),
    status         text not null default 'Proposed' check (status in ('Proposed', 'Approved', 'Rejected')),
    proposed_by    uuid not null,
    proposed_at    timestamptz not null,
    decided_by     uuid,
    decided_at     timestamptz,
    transaction_id uuid references transactions,
    foreign key (account_id, partner_id, currency) references accounts (id, partner_id, currency),
    constraint adjustments_decided check (num_nonnulls(decided_by, decided_at) = case status when 'Proposed' then 0 else 2 end),
    constraint adjustments_posted check ((status = 'Approved') = (transaction_id is not null)),
    constraint adjustments_four_eyes check (status <> 'Approved' or decided_by <> proposed_by)
);
create index adjustments_newest on adjustments (proposed_at, id);
grant select, insert, update (status, decided_by, decided_at, transaction_id) on adjustments to {requests};

create index rates_newest on rates (valid_from, id);
