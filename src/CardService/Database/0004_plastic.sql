-- Plastic from the programme's stock: made before it has a user, linked to one later. Then it is a card like any other.
create table stock_cards (
    id              uuid primary key,
    partner_id      uuid not null,
    program_id      uuid not null,
    status          text not null check (status in ('Ordered', 'InStock', 'Linked', 'Removed')),
    masked_card_no  text not null check (masked_card_no ~ '^[0-9]{6}\*+[0-9]{4}$'),
    exp             date not null check (exp = (date_trunc('month', exp::timestamp) + interval '1 month - 1 day')::date),
    linked_at       timestamptz,
    created_at      timestamptz not null,
    check ((status = 'Linked') = (linked_at is not null))
);
grant select, insert on stock_cards to {requests};
grant update (status, linked_at) on stock_cards to {requests};

-- A request for stock, until its numbers are there; afterwards what it was, for its Idempotency-Key.
create table stock_requests (
    id            uuid primary key,
    partner_id    uuid not null,
    program_id    uuid not null,
    owner         text not null,
    key           text check (length(key) between 1 and 255),
    fingerprint   bytea not null,
    card_ids      uuid[] not null check (cardinality(card_ids) between 1 and 1000),
    exp           date not null,
    design        text check (length(design) between 1 and 64),
    claimed_until timestamptz,
    created_at    timestamptz not null
);
create unique index stock_requests_key on stock_requests (owner, key) where key is not null;
create index stock_requests_unfinished on stock_requests (claimed_until) where claimed_until is not null;
grant select, insert, delete on stock_requests to {requests};
grant update (claimed_until) on stock_requests to {requests};

-- Orders of plastic. 'Issuing' is an order whose card has no number yet; nobody sees it. Name and address are kept
-- for as long as the plastic is in production.
create table orders (
    id              uuid primary key,
    kind            text not null check (kind in ('Physical', 'DigitalFirst', 'Stock')),
    partner_id      uuid not null,
    program_id      uuid not null,
    user_id         uuid,
    card_id         uuid references cards (id) on delete cascade,
    stock_card_id   uuid references stock_cards (id),
    status          text not null check (status in ('Issuing', 'Ordered', 'Sent', 'Personalised', 'Failed')),
    emboss_name     text check (length(emboss_name) between 1 and 26),
    design          text check (length(design) between 1 and 64),
    street          text check (length(street) between 1 and 128),
    city            text check (length(city) between 1 and 128),
    postal_code     text check (length(postal_code) between 2 and 16),
    country         text check (country ~ '^[A-Z]{2}$'),
    reason          text check (length(reason) between 1 and 200),
    ordered_at      timestamptz not null,
    sent_at         timestamptz,
    finished_at     timestamptz,
    check ((kind = 'Stock') = (stock_card_id is not null) and (kind = 'Stock') = (card_id is null) and (kind = 'Stock') = (user_id is null)),
    check ((street is null) = (city is null) and (street is null) = (postal_code is null) and (street is null) = (country is null)),
    check ((street is not null) = (kind <> 'Stock' and finished_at is null)),
    check ((status in ('Personalised', 'Failed')) = (finished_at is not null)),
    check (status not in ('Issuing', 'Ordered') or sent_at is null),
    check (status not in ('Sent', 'Personalised') or sent_at is not null),
    check ((status = 'Failed') = (reason is not null))
);
-- A card is in production once at a time; what failed may be ordered again.
create unique index orders_of_card on orders (card_id) where status <> 'Failed';
create unique index orders_of_stock_card on orders (stock_card_id);
create index orders_to_bureau on orders (program_id, status, ordered_at, id);
create index orders_in_production on orders (ordered_at) where status in ('Ordered', 'Sent');
grant select, insert on orders to {requests};
grant update (status, emboss_name, street, city, postal_code, country, reason, sent_at, finished_at) on orders to {requests};

-- How often a user, or whoever speaks for them, has named a card that cannot be linked, on one day in UTC: numbers of the
-- stock are not to be guessed.
create table link_tries (
    user_id uuid not null,
    day     date not null,
    wrong   int not null check (wrong >= 0),
    primary key (user_id, day)
);
grant select, insert, delete on link_tries to {requests};
grant update (wrong) on link_tries to {requests};

-- A virtual card that is printed becomes Digital First.
grant update (type) on cards to {requests};

-- What outside processors are to be told of their cards, until they have taken it; and until when each card's has heard.
create table processor_messages (
    id            uuid primary key,
    processor     text not null,
    card_id       uuid not null references cards (id) on delete cascade,
    type          text not null check (type in ('Created', 'Locked', 'Unlocked', 'Removed')),
    lock_code     smallint check (lock_code between 1 and 8),
    occurred_at   timestamptz not null,
    failures      int not null default 0 check (failures >= 0),
    due_at        timestamptz not null,
    claimed_until timestamptz
);
create index processor_messages_due on processor_messages (due_at, id);
create index processor_messages_of_card on processor_messages (card_id, occurred_at, id);
grant select, insert, delete on processor_messages to {requests};
grant update (failures, due_at, claimed_until) on processor_messages to {requests};

create table processor_cards (
    card_id    uuid primary key references cards (id) on delete cascade,
    told_until timestamptz not null
);
grant select, insert on processor_cards to {requests};
grant update (told_until) on processor_cards to {requests};
