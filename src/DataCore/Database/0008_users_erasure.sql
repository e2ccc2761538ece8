-- A deleted user keeps its id and where it belonged. Everything personal is gone, and phone, e-mail and external id are free.
alter table users
    alter column phone       drop not null,
    alter column email       drop not null,
    alter column first_name  drop not null,
    alter column last_name   drop not null,
    alter column birth_date  drop not null,
    alter column nationality drop not null,
    alter column street      drop not null,
    alter column city        drop not null,
    alter column postal_code drop not null,
    alter column country     drop not null,
    add column lock_reason text check (length(lock_reason) between 1 and 256),
    add column locked_at   timestamptz,
    add column deleted_at  timestamptz,
    add constraint personal_until_deleted check (case when status = 'Deleted'
        then num_nonnulls(external_id, phone, email, first_name, last_name, birth_date, nationality, street, city, postal_code, country, lock_reason) = 0
        else num_nulls(phone, email, first_name, last_name, birth_date, nationality, street, city, postal_code, country) = 0
        end);

create index users_newest on users (created_at, id);
create index users_newest_of_partner on users (partner_id, created_at, id);
create index users_phone on users (phone);
create index users_email on users (email);
create index users_external_id on users (external_id);

-- Erasure reaches the devices too.
grant update (device_id, device_name, encryption_key, pin_hash) on installations to {requests};
