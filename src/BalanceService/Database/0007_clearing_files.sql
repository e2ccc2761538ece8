-- Clearings that came as a file. A record's outcome is written once; what it posted is an operation like any other.
create table clearing_files (
    id          uuid primary key,
    processor   text not null,
    name        text not null check (length(name) between 1 and 128),
    digest      bytea not null check (length(digest) = 32),
    uploaded_at timestamptz not null,
    finished_at timestamptz,
    unique (processor, digest)
);
grant select, insert, update (finished_at) on clearing_files to {requests};

create table clearing_records (
    file_id                      uuid not null references clearing_files,
    line                         integer not null check (line > 0),
    kind                         text not null check (kind in ('Clearing', 'Refund')),
    transaction_id               text not null,
    authorization_transaction_id text,
    card_id                      uuid not null,
    amount                       bigint not null check (amount > 0),
    currency                     text not null,
    original_amount              bigint check (original_amount > 0),
    original_currency            text,
    final                        boolean not null,
    merchant_mid                 text not null,
    merchant_name                text not null,
    merchant_mcc                 text not null,
    merchant_country             text not null,
    outcome                      text check (outcome in ('Matched', 'Differing', 'Unmatched', 'Refused')),
    rule                         text,
    detail                       text,
    posted_to                    uuid references transactions,
    difference                   bigint,
    primary key (file_id, line)
);
create index clearing_records_open on clearing_records (file_id, line) where outcome is null;
grant select, insert, update (outcome, rule, detail, posted_to, difference) on clearing_records to {requests};
