-- One application is one attempt to verify one user. A partner that verifies by itself has one, and decides on it as often
-- as it needs to.
create table applications (
    id         uuid primary key,
    partner_id uuid not null,
    user_id    uuid not null,
    provider   text not null check (provider in ('Manual', 'Automatic', 'Partner')),
    status     text not null check (status in ('Draft', 'InProgress', 'Accepted', 'Rejected')),
    reference  text check (length(reference) between 1 and 128),
    created_at timestamptz not null,
    decided_at timestamptz,
    check ((status in ('Accepted', 'Rejected')) = (decided_at is not null))
);
create unique index applications_by_partner on applications (partner_id, user_id) where provider = 'Partner';
create index applications_of_user on applications (partner_id, user_id, created_at);
grant select, insert on applications to {requests};
grant update (status, reference, decided_at) on applications to {requests};

-- Every decision there was. Only added to.
create table decisions (
    id             uuid primary key,
    application_id uuid not null references applications (id),
    partner_id     uuid not null,
    user_id        uuid not null,
    status         text not null check (status in ('Accepted', 'Rejected')),
    reference      text not null check (length(reference) between 1 and 128),
    decided_by     text not null,
    decided_at     timestamptz not null
);
create index decisions_of_application on decisions (application_id, decided_at);
grant select, insert on decisions to {requests};
