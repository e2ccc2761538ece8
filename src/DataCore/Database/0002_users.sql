create table users (
    id             uuid primary key,
    partner_id     uuid not null references partners,
    programme_id   uuid not null references programmes,
    external_id    text check (length(external_id) between 1 and 128),
    phone          text not null,
    email          text not null,
    first_name     text not null,
    last_name      text not null,
    birth_date     date not null,
    nationality    text not null check (nationality ~ '^[A-Z]{2}$'),
    street         text not null,
    city           text not null,
    postal_code    text not null,
    country        text not null check (country ~ '^[A-Z]{2}$'),
    status         text not null check (status in ('Active', 'Locked', 'Deleted')),
    kyc_status     text not null check (kyc_status in ('None', 'InProgress', 'Accepted', 'Rejected')),
    kyc_changed_at timestamptz,
    created_at     timestamptz not null,
    constraint phone_once unique (programme_id, phone),
    constraint email_once unique (programme_id, email),
    constraint external_id_once unique (programme_id, external_id)
);
create index users_partner on users (partner_id, id);
grant select, insert, update on users to {requests};
