using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.TestKit;

/// <summary>A user and the caller that the gateway would make of the partner's call about them.</summary>
public sealed record TestUser(Guid PartnerId, Guid ProgramId, Guid UserId)
{
    public Caller Caller => new() { Channel = Channel.Secure, PartnerId = PartnerId, UserId = UserId };

    /// <summary>The same user's app, in some session of some installation.</summary>
    public Caller App => new() { Channel = Channel.Customers, PartnerId = PartnerId, UserId = UserId, InstallationId = UserId, SessionId = UserId };

    /// <summary>An operator of this role, whose path names the user.</summary>
    public Caller Operator(Role role) => TestUsers.Operator(role) with { UserId = UserId };
}

/// <summary>The beginnings of most tests, made through the services' own routes.</summary>
public static class TestUsers
{
    public static readonly Guid SandboxPartner = new("0190a000-0000-7000-8000-000000000001");
    public static readonly Guid SandboxProgram = new("0190a000-0000-7000-8000-000000000003");

    private static int _users;

    /// <summary>Some operator of this role, in some session.</summary>
    public static Caller Operator(Role role) => new() { Channel = Channel.Admin, OperatorId = Guid.CreateVersion7(), SessionId = Guid.CreateVersion7(), Role = role };

    /// <summary>A request body for <c>POST /secure/customers</c> that is accepted as it is; every call gives another user.</summary>
    public static Dictionary<string, object?> Registration(Guid? programId = null)
    {
        var number = Interlocked.Increment(ref _users);
        return new()
        {
            ["programId"] = programId ?? SandboxProgram,
            ["phone"] = $"+48600{number:000000}",
            ["email"] = $"user{number}@example.com",
            ["firstName"] = "Zoë",
            ["lastName"] = "Żółkiewska-O'Neill",
            ["birthDate"] = "1990-02-28",
            ["nationality"] = "PL",
            ["address"] = new { street = "Prosta 1", city = "Warszawa", postalCode = "00-001", country = "PL" },
        };
    }

    /// <summary>A user of the sandbox programme, or of another partner's (see <see cref="NewPartner"/>); KYC not yet done.</summary>
    public static async Task<TestUser> NewUser(this Suite suite, Guid? partnerId = null, Guid? programId = null)
    {
        var partner = partnerId ?? SandboxPartner;
        var caller = new Caller { Channel = Channel.Secure, PartnerId = partner };
        var user = (await suite.As(caller, "datacore").Post("/users", Registration(programId))).Must(201);
        return new TestUser(partner, programId ?? SandboxProgram, user.Id);
    }

    public static async Task<TestUser> NewAcceptedUser(this Suite suite, Guid? partnerId = null, Guid? programId = null)
    {
        var user = await suite.NewUser(partnerId, programId);
        (await suite.As(user.Caller, "kycservice").Put("/kyc", new { status = "Accepted", reference = "test" })).Must(200);
        return user;
    }

    /// <summary>An open balance with <paramref name="amount"/> minor units on it.</summary>
    public static async Task<Guid> NewBalance(this Suite suite, TestUser user, long amount = 0)
    {
        var balances = suite.As(user.Caller, "balanceservice");
        var balance = (await balances.Post("/balances", new { })).Must(201);
        if (amount > 0)
        {
            var reload = new { amount = new { amount, currency = balance["currency"].GetString() }, reference = "test" };
            (await balances.Post($"/balances/{balance.Id}/reload", reload, Guid.CreateVersion7().ToString())).Must(201);
        }
        return balance.Id;
    }

    /// <summary>An active virtual card.</summary>
    public static async Task<Guid> NewCard(this Suite suite, TestUser user, Guid balanceId) =>
        (await suite.As(user.Caller, "cardservice").Post("/cards/virtual", new { balanceId }, Guid.CreateVersion7().ToString())).Must(201).Id;

    /// <summary>Another partner with a programme of its own, in PLN unless another currency is named.</summary>
    public static async Task<(Guid PartnerId, Guid ProgramId)> NewPartner(this Suite suite, string currency = "PLN", string processor = "sandbox")
    {
        var (partner, range, program) = (Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7());
        await using var insert = suite.Database("datacore").CreateCommand(
            """
            with partner as (
                insert into partners (id, name, created_at) values (@partner, @partner::text, now())
            ), next as (
                select 400000000000000 + (count(*) * 1000000) as first from bin_ranges
            ), range as (
                insert into bin_ranges (id, partner_id, range, first_account, size, created_at)
                select @range, @partner, substr(first::text, 1, 6) || ':' || substr(first::text, 7) || '-' || substr((first + 999999)::text, 7), first, 1000000, now() from next
            )
            insert into programmes (id, partner_id, name, bin_range_id, currency, processor, digital_first, kyc_mode, auto_balance,
                session_minutes, card_validity_months, created_at)
            values (@program, @partner, 'Cards', @range, @currency, @processor, false, 'Partner', false, 10, 36, now())
            """);
        insert.Parameters.Add(new NpgsqlParameter("partner", partner));
        insert.Parameters.Add(new NpgsqlParameter("range", range));
        insert.Parameters.Add(new NpgsqlParameter("program", program));
        insert.Parameters.Add(new NpgsqlParameter("currency", currency));
        insert.Parameters.Add(new NpgsqlParameter("processor", processor));
        await insert.ExecuteNonQueryAsync();
        return (partner, program);
    }
}
