using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Installations;

/// <summary>Rows are held in one order everywhere: users, activation codes, installations, sessions, each by id.</summary>
internal static class InstallationStore
{
    /// <summary>One phone in more programmes than this is judged in the oldest of them.</summary>
    private const int MostProgrammes = 8;

    /// <summary>An active installation, to verify a signature by before anything is locked.</summary>
    public static Task<string?> FindDeviceKey(this NpgsqlDataSource database, Guid installationId, CancellationToken cancel) =>
        database.One<string>("select device_key from installations where id = @installationId and ended_at is null", new { installationId }, cancel);

    /// <summary>
    /// An active installation with its row held: its wrong PINs are counted one after another, and it cannot end meanwhile.
    /// The user's row is held too, so that a lock comes before this work or after it.
    /// </summary>
    public static Task<Installation?> FindForLogin(this Work work, Guid installationId) =>
        work.One<Installation>(
            """
            select i.id, i.partner_id, i.user_id, i.device_key, i.pin_hash, i.wrong_pins, u.status = 'Active' as user_active, p.session_minutes, p.idle_minutes
            from users u
            join installations i on i.user_id = u.id
            join programmes p on p.id = u.programme_id
            where i.id = @installationId and i.ended_at is null and u.status <> 'Deleted'
            for share of u for update of i
            """,
            new { installationId });

    /// <summary>
    /// Whoever has this phone and a live code, with the row held against a change of status, and the session settings of the
    /// programme. Several programmes may know one phone.
    /// </summary>
    public static Task<IReadOnlyList<PairingUser>> HoldUsersToPair(this Work work, string phone, Guid? programId, DateTimeOffset now) =>
        work.Many<PairingUser>(
            """
            select u.id, u.partner_id, u.status = 'Active' as active, p.session_minutes, p.idle_minutes
            from users u
            join programmes p on p.id = u.programme_id
            where u.phone = @phone and u.status <> 'Deleted' and (@programId::uuid is null or u.programme_id = @programId)
                and exists (select from activation_codes c where c.user_id = u.id and c.ended_at is null and c.expires_at > @now)
            order by u.id
            limit @MostProgrammes
            for share of u
            """,
            new { phone, programId, now, MostProgrammes });

    public static Task<Guid?> FindActiveOnDevice(this Work work, Guid userId, string deviceId) =>
        work.One<Guid?>("select id from installations where user_id = @userId and device_id = @deviceId and ended_at is null for update", new { userId, deviceId });

    public static Task<int> CountActive(this Work work, Guid userId) =>
        work.One<int>("select count(*)::int from installations where user_id = @userId and ended_at is null", new { userId });

    public static Task AddInstallation(
        this Work work, Guid id, PairingUser user, string deviceId, string deviceName, string deviceKey, string? encryptionKey, string pinHash, DateTimeOffset now) =>
        work.Change(
            """
            insert into installations (id, partner_id, user_id, device_id, device_name, device_key, encryption_key, pin_hash, created_at, used_at)
            values (@id, @PartnerId, @UserId, @deviceId, @deviceName, @deviceKey, @encryptionKey, @pinHash, @now, @now)
            """,
            new { id, user.PartnerId, UserId = user.Id, deviceId, deviceName, deviceKey, encryptionKey, pinHash, now });

    /// <returns>False when it had ended already, or is another user's.</returns>
    public static async Task<bool> EndInstallation(this Work work, Guid installationId, Guid? userId, string reason, DateTimeOffset now) =>
        await work.Change(
            """
            update installations
            set ended_at = @now, ended_reason = @reason
            where id = @installationId and user_id = @userId and ended_at is null
            """,
            new { installationId, userId, reason, now }) == 1;

    public static Task SavePinTries(this Work work, Guid installationId, int wrongPins, DateTimeOffset now) =>
        work.Change("update installations set wrong_pins = @wrongPins, used_at = @now where id = @installationId", new { installationId, wrongPins, now });

    /// <summary>The user's active devices, newest first; there are never more than <see cref="Installation.MaxActive"/>.</summary>
    public static Task<IReadOnlyList<DeviceRow>> ListDevices(this NpgsqlDataSource database, Caller caller, CancellationToken cancel) =>
        database.Many<DeviceRow>(
            """
            select id, device_id, device_name, created_at, used_at
            from installations
            where user_id = @UserId and partner_id = @PartnerId and ended_at is null
            order by created_at desc, id desc
            limit @MaxActive
            """,
            new { caller.UserId, caller.PartnerId, Installation.MaxActive },
            cancel);

    internal sealed record PairingUser
    {
        public required Guid Id { get; init; }
        public required Guid PartnerId { get; init; }
        public required bool Active { get; init; }
        public required int SessionMinutes { get; init; }
        public required int IdleMinutes { get; init; }
    }

    internal sealed record DeviceRow
    {
        public required Guid Id { get; init; }
        public required string DeviceId { get; init; }
        public required string DeviceName { get; init; }
        public required DateTimeOffset CreatedAt { get; init; }
        public required DateTimeOffset UsedAt { get; init; }
    }
}
