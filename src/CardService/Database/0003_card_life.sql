-- Who may stop a card: its people, the schemes from outside, and the system itself when the PIN tries are used up.
alter table cards drop constraint cards_lock_source_check;
alter table cards add constraint cards_lock_source_check check (lock_source in ('User', 'Partner', 'Operator', 'Mastercard', 'Visa', 'Acquirer', 'System'));

-- The PIN itself is DataCore's. Tries are left while one is set; each is taken before the PIN is looked at.
alter table cards
    add column pin_tries_left smallint check (pin_tries_left between 0 and 3),
    add column pin_set_at     timestamptz,
    add column replaced_by    uuid references cards (id) on delete set null,
    add column ended_at       timestamptz,
    add constraint pin check ((pin_tries_left is null) = (pin_set_at is null)),
    add constraint replaced_by_another check (replaced_by <> id);
alter table cards add constraint ended check (ended_at is null or status in ('Removed', 'Expired'));
create unique index cards_replaced on cards (replaced_by) where replaced_by is not null;
-- A card that is stopped for good stays so, and says why.
create index cards_to_expire on cards (exp) where status in ('Inactive', 'Active') or lock_code in (3, 4, 6, 7);
grant update (pin_tries_left, pin_set_at, replaced_by, ended_at) on cards to {requests};

-- What the PIN of a transaction was found to be: the same transaction hears it again and costs no second try.
create table pin_checks (
    processor      text not null,
    transaction_id text not null,
    type           text not null check (type in ('Purchase', 'Cash', 'Verification')),
    card_id        uuid not null references cards (id) on delete cascade,
    outcome        text check (outcome in ('Right', 'Wrong', 'Unreadable', 'NotSet', 'Exceeded')),
    checked_at     timestamptz not null,
    primary key (processor, transaction_id, type)
);
create index pin_checks_old on pin_checks (checked_at);
grant select, insert, update (outcome), delete on pin_checks to {requests};

-- Cards that are issued while nobody waits. What became of each is said for as long as the card's row is there, or the refusal.
create table issue_orders (
    id         uuid primary key,
    card_id    uuid not null unique,
    partner_id uuid not null,
    user_id    uuid not null,
    code       text,
    created_at timestamptz not null
);
create index issue_orders_of_user on issue_orders (partner_id, user_id);
grant select, insert, update (code) on issue_orders to {requests};
