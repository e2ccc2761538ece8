using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Where Development finds the demo partner's credentials. Outside Development the section must be absent.</summary>
internal sealed record SandboxSettings
{
    /// <summary>Holds <c>partner.pem</c> and <c>processor.pem</c>; <c>sandbox.json</c> is written there.</summary>
    public string? Folder { get; init; }

    public Uri PublicAddress { get; init; } = new("https://localhost:8443");

    public Uri PartnerAddress { get; init; } = new("https://localhost:9443");
}

/// <summary>
/// Development only: makes sure that the demo partner, its programme and the sandbox processor are there, under ids that
/// never change, with the certificates the AppHost made for them; writes what a newcomer needs to <c>sandbox.json</c>.
/// </summary>
internal sealed partial class Sandbox(SandboxSettings settings, NpgsqlDataSource database, TimeProvider clock, ILogger<Sandbox> log) : IHostedService
{
    private const string Partner = "Sandbox Bank";
    private const string Processor = "sandbox";
    private const string Range = "510510:000000000-999999999";
    private const int CardValidityMonths = 36;
    private const int SessionMinutes = 10;

    private static readonly JsonSerializerOptions _indented = new() { WriteIndented = true };
    private static readonly Guid _partnerId = new("0190a000-0000-7000-8000-000000000001");
    private static readonly Guid _rangeId = new("0190a000-0000-7000-8000-000000000002");
    private static readonly Guid _programId = new("0190a000-0000-7000-8000-000000000003");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var work = await Work.Begin(database, cancellationToken);
        await work.Change(
            "insert into partners (id, name, created_at) values (@_partnerId, @Partner, @now) on conflict (id) do nothing",
            new { _partnerId, Partner, now });
        await work.Change(
            """
            insert into bin_ranges (id, partner_id, range, first_account, size, created_at)
            values (@_rangeId, @_partnerId, @Range, 510510000000000, 1000000000, @now)
            on conflict (id) do nothing
            """,
            new { _rangeId, _partnerId, Range, now });
        await work.Change(
            """
            insert into programmes (id, partner_id, name, bin_range_id, currency, processor, remote_url, digital_first, kyc_mode,
                auto_balance, self_registration, session_minutes, card_validity_months, created_at)
            values (@_programId, @_partnerId, 'Sandbox cards', @_rangeId, 'PLN', @Processor, null, true, 'Partner',
                false, true, @SessionMinutes, @CardValidityMonths, @now)
            on conflict (id) do nothing
            """,
            new { _programId, _partnerId, _rangeId, Processor, SessionMinutes, CardValidityMonths, now });
        await Register(work, "partner.pem", "Partner", _partnerId, processor: null, now);
        await Register(work, "processor.pem", "Processor", partnerId: null, Processor, now);
        await work.Commit();

        await File.WriteAllTextAsync(
            Path.Combine(settings.Folder!, "sandbox.json"),
            JsonSerializer.Serialize(
                new { partnerId = _partnerId, programId = _programId, publicAddress = settings.PublicAddress, partnerAddress = settings.PartnerAddress },
                _indented),
            cancellationToken);
        SandboxReady(log, settings.Folder!);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task Register(Work work, string file, string kind, Guid? partnerId, string? processor, DateTimeOffset now)
    {
        using var certificate = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(settings.Folder!, file));
        await work.Change(
            """
            insert into certificates (thumbprint, serial, kind, partner_id, processor, subject, issued_for, issued_by, key_hash, not_before, not_after, created_at)
            values (@thumbprint, @SerialNumber, @kind, @partnerId, @processor, @Subject, @_partnerId, 'suite', @keyHash, @notBefore, @notAfter, @now)
            on conflict (thumbprint) do nothing
            """,
            new
            {
                thumbprint = certificate.GetCertHashString(HashAlgorithmName.SHA256),
                certificate.SerialNumber,
                kind,
                partnerId,
                processor,
                certificate.Subject,
                _partnerId,
                keyHash = Convert.ToHexStringLower(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo())),
                notBefore = new DateTimeOffset(certificate.NotBefore.ToUniversalTime(), TimeSpan.Zero),
                notAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero),
                now,
            });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The sandbox's credentials are in {Folder}")]
    private static partial void SandboxReady(ILogger log, string folder);
}
