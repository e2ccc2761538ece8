using System.Text.Json;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Programmes;

internal static class ProgrammeStore
{
    private const int MaxServed = 10_000;

    /// <param name="partnerId">Null for a neighbour that knows the programme from a card of its own.</param>
    public static async Task<ProgrammeFacts?> FindProgramme(this NpgsqlDataSource database, Guid programId, Guid? partnerId, CancellationToken cancel) =>
        (await database.One<ProgrammeRow>(
            """
            select id as programme_id, partner_id, currency, processor, digital_first, card_validity_months, time_zone, hold_lifetime_days,
                remote_url, stand_in_mode, stand_in_max_amount, stand_in_max_minutes, controls
            from programmes
            where id = @programId and (@partnerId is null or partner_id = @partnerId)
            """,
            new { programId, partnerId },
            cancel))?.Facts();

    /// <summary>The newest programmes that a processor serves, <see cref="MaxServed"/> at most.</summary>
    public static Task<IReadOnlyList<Guid>> ListServed(this NpgsqlDataSource database, string processor, CancellationToken cancel) =>
        database.Many<Guid>(
            "select id from programmes where processor = @processor order by created_at desc, id desc limit @MaxServed", new { processor, MaxServed }, cancel);

    /// <summary>A programme to show: an operator sees every partner's.</summary>
    public static async Task<ProgrammeView?> FindProgrammeView(this NpgsqlDataSource database, Guid programId, CancellationToken cancel) =>
        (await database.One<ViewRow>(
            """
            select p.id as programme_id, p.partner_id, p.name, r.range, p.currency, p.remote_url, p.processor, p.digital_first, p.kyc_mode, p.auto_balance,
                p.self_registration, p.session_minutes, p.idle_minutes, p.card_validity_months, p.cvv_expiry_order, p.time_zone,
                p.hold_lifetime_days, p.stand_in_mode, p.stand_in_max_amount, p.stand_in_max_minutes, p.controls, p.created_at
            from programmes p
            join bin_ranges r on r.id = p.bin_range_id
            where p.id = @programId
            """,
            new { programId },
            cancel))?.ToView();

    public static async Task<IReadOnlyList<ProgrammeView>> ListProgrammes(this NpgsqlDataSource database, Guid? partnerId, PageRequest page, CancellationToken cancel) =>
    [
        .. (await database.Many<ViewRow>(
            """
            select p.id as programme_id, p.partner_id, p.name, r.range, p.currency, p.remote_url, p.processor, p.digital_first, p.kyc_mode, p.auto_balance,
                p.self_registration, p.session_minutes, p.idle_minutes, p.card_validity_months, p.cvv_expiry_order, p.time_zone,
                p.hold_lifetime_days, p.stand_in_mode, p.stand_in_max_amount, p.stand_in_max_minutes, p.controls, p.created_at
            from programmes p
            join bin_ranges r on r.id = p.bin_range_id
            where (@partnerId::uuid is null or p.partner_id = @partnerId) and (p.created_at, p.id) < (@At, @Id)
            order by p.created_at desc, p.id desc
            limit @Rows
            """,
            new { partnerId, page.After.At, page.After.Id, page.Rows },
            cancel)).Select(row => row.ToView()),
    ];

    public static async Task<ProgrammeView?> FindProgrammeForChange(this Work work, Guid programId) =>
        (await work.One<ViewRow>(
            """
            select p.id as programme_id, p.partner_id, p.name, r.range, p.currency, p.remote_url, p.processor, p.digital_first, p.kyc_mode, p.auto_balance,
                p.self_registration, p.session_minutes, p.idle_minutes, p.card_validity_months, p.cvv_expiry_order, p.time_zone,
                p.hold_lifetime_days, p.stand_in_mode, p.stand_in_max_amount, p.stand_in_max_minutes, p.controls, p.created_at
            from programmes p
            join bin_ranges r on r.id = p.bin_range_id
            where p.id = @programId
            for update of p
            """,
            new { programId }))?.ToView();

    public static Task<bool> PartnerExists(this Work work, Guid partnerId) =>
        work.One<bool>("select exists (select 1 from partners where id = @partnerId)", new { partnerId });

    /// <returns>False when the range overlaps another: the database decides, also between two at once.</returns>
    public static async Task<bool> AddRange(this Work work, Guid id, Guid partnerId, string range, long firstAccount, long size, DateTimeOffset now) =>
        // Two plain inserts at once would each wait for the other: on conflict one of them waits.
        await work.Change(
            """
            insert into bin_ranges (id, partner_id, range, first_account, size, created_at)
            values (@id, @partnerId, @range, @firstAccount, @size, @now)
            on conflict on constraint no_overlap do nothing
            """,
            new { id, partnerId, range, firstAccount, size, now }) == 1;

    /// <returns>False when the partner has a programme of that name.</returns>
    public static async Task<bool> AddProgramme(this Work work, ProgrammeView programme, Guid rangeId) =>
        await work.Change(
            """
            insert into programmes (id, partner_id, name, bin_range_id, currency, processor, remote_url, digital_first, kyc_mode, auto_balance,
                self_registration, session_minutes, idle_minutes, card_validity_months, cvv_expiry_order, time_zone, hold_lifetime_days,
                stand_in_mode, stand_in_max_amount, stand_in_max_minutes, controls, created_at)
            values (@Id, @PartnerId, @Name, @rangeId, @Currency, @Processor, @RemoteUrl, @DigitalFirst, @kycMode, @AutoBalance,
                @SelfRegistration, @SessionMinutes, @IdleMinutes, @CardValidityMonths, @cvvExpiryOrder, @TimeZone, @HoldLifetimeDays,
                @standInMode, @standInMaxAmount, @standInMaxMinutes, @controls::jsonb, @CreatedAt)
            on conflict (partner_id, name) do nothing
            """,
            new
            {
                programme.Id,
                programme.PartnerId,
                programme.Name,
                rangeId,
                programme.Currency,
                programme.Processor,
                programme.RemoteUrl,
                programme.DigitalFirst,
                kycMode = programme.KycMode.ToString(),
                programme.AutoBalance,
                programme.SelfRegistration,
                programme.SessionMinutes,
                programme.IdleMinutes,
                programme.CardValidityMonths,
                cvvExpiryOrder = programme.CvvExpiryOrder.ToString(),
                programme.TimeZone,
                programme.HoldLifetimeDays,
                standInMode = programme.StandIn?.Mode.ToString(),
                standInMaxAmount = programme.StandIn?.MaxAmount,
                standInMaxMinutes = programme.StandIn?.MaxMinutes,
                controls = Written(programme.Controls),
                programme.CreatedAt,
            }) == 1;

    /// <returns>
    /// False when the partner has another programme of that name, or gives it to one at this moment: the database decides. It finds
    /// a deadlock where two want each other's name: neither is free.
    /// </returns>
    public static async Task<bool> SaveProgramme(this Work work, ProgrammeView programme)
    {
        try
        {
            await work.Change(
                """
                update programmes
                set name = @Name, remote_url = @RemoteUrl, digital_first = @DigitalFirst, kyc_mode = @kycMode, auto_balance = @AutoBalance,
                    self_registration = @SelfRegistration, session_minutes = @SessionMinutes, idle_minutes = @IdleMinutes, card_validity_months = @CardValidityMonths,
                    time_zone = @TimeZone, hold_lifetime_days = @HoldLifetimeDays, stand_in_mode = @standInMode, stand_in_max_amount = @standInMaxAmount,
                    stand_in_max_minutes = @standInMaxMinutes, controls = @controls::jsonb
                where id = @Id
                """,
                new
                {
                    programme.Id,
                    programme.Name,
                    programme.RemoteUrl,
                    programme.DigitalFirst,
                    kycMode = programme.KycMode.ToString(),
                    programme.AutoBalance,
                    programme.SelfRegistration,
                    programme.SessionMinutes,
                    programme.IdleMinutes,
                    programme.CardValidityMonths,
                    programme.TimeZone,
                    programme.HoldLifetimeDays,
                    standInMode = programme.StandIn?.Mode.ToString(),
                    standInMaxAmount = programme.StandIn?.MaxAmount,
                    standInMaxMinutes = programme.StandIn?.MaxMinutes,
                    controls = Written(programme.Controls),
                });
            return true;
        }
        catch (PostgresException taken) when (taken.SqlState is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected)
        {
            return false;
        }
    }

    private static string? Written(SpendRules? controls) => controls is null ? null : JsonSerializer.Serialize(controls, SpendRulesJson.Default.SpendRules);

    private sealed record ViewRow : ProgrammeRow
    {
        public required string Name { get; init; }
        public required string Range { get; init; }
        public required string KycMode { get; init; }
        public required bool AutoBalance { get; init; }
        public required bool SelfRegistration { get; init; }
        public required int SessionMinutes { get; init; }
        public required int IdleMinutes { get; init; }
        public required string CvvExpiryOrder { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }

        public ProgrammeView ToView() => new(
            ProgrammeId, PartnerId, Name, Range, Currency, RemoteUrl, Processor, DigitalFirst, Enum.Parse<KycMode>(KycMode), AutoBalance, SelfRegistration,
            SessionMinutes, IdleMinutes, CardValidityMonths, Enum.Parse<CvvExpiryOrder>(CvvExpiryOrder), TimeZone, HoldLifetimeDays, StandIn, Rules, CreatedAt);
    }
}

/// <summary>What neighbours are told of a programme, as the table has it; whoever is joined to it has a row of its own.</summary>
internal record ProgrammeRow
{
    public required Guid ProgrammeId { get; init; }
    public required Guid PartnerId { get; init; }
    public required string Currency { get; init; }
    public required string Processor { get; init; }
    public required bool DigitalFirst { get; init; }
    public required int CardValidityMonths { get; init; }
    public required string TimeZone { get; init; }
    public required int HoldLifetimeDays { get; init; }
    public string? RemoteUrl { get; init; }
    public string? StandInMode { get; init; }
    public long? StandInMaxAmount { get; init; }
    public int? StandInMaxMinutes { get; init; }
    public string? Controls { get; init; }

    protected StandInRule? StandIn => StandInMode is { } mode ? new StandInRule(Enum.Parse<StandInMode>(mode), StandInMaxAmount, StandInMaxMinutes) : null;

    protected SpendRules? Rules => Controls is { } kept ? JsonSerializer.Deserialize(kept, SpendRulesJson.Default.SpendRules) : null;

    public ProgrammeFacts Facts() => new(
        ProgrammeId, PartnerId, Currency, Processor, DigitalFirst, CardValidityMonths, TimeZone, HoldLifetimeDays, RemoteUrl, StandIn, Rules);
}
