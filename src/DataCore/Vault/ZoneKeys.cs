using System.Buffers.Text;
using System.Security.Cryptography;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>A zone key as operators see it: never the key.</summary>
/// <param name="KeyId">What the processor names in <c>pinBlock.keyId</c>.</param>
/// <param name="CheckValue">Of the key itself (ANSI X9.24-1): three bytes under Triple DES, five of a CMAC under AES; hexadecimal.</param>
internal sealed record ZoneKeyView(Guid KeyId, string Processor, string Format, string CheckValue, DateTimeOffset CreatedAt);

/// <param name="WrappedKey">base64url of the key under the processor's RSA key: RSA-OAEP with SHA-256. It is shown this once.</param>
internal sealed record NewZoneKey(Guid KeyId, string Processor, string Format, string CheckValue, string WrappedKey, DateTimeOffset CreatedAt);

/// <summary>Makes a key under which one processor sends PIN blocks, and gives it out under the processor's own key.</summary>
internal static class CreateZoneKey
{
    /// <param name="Format"><c>ISO-0</c> (Triple DES, double length) or <c>ISO-4</c> (AES-256).</param>
    /// <param name="Jwk">The processor's public RSA key of 2048 to 4096 bits.</param>
    internal sealed record Request(string Format, Jwk Jwk);

    public static void MapCreateZoneKey(this IEndpointRouteBuilder processors) =>
        processors.MapPost("/{processor}/pin-keys", Handle).AdmitsOperators(Role.Admin)
            .WithSummary("Makes a PIN key for a processor").WithDescription("Keys made before go on working, so that the processor can change over.")
            .Example(new { format = PinBlockFormats.Iso4, jwk = ExampleKeys.Encryption })
            .Refuses(VaultProblems.ProcessorNotFound());

    private static async Task<Results<Created<NewZoneKey>, ProblemHttpResult>> Handle(
        string processor, Request request, Hsm hsm, VaultKeys keys, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var purpose = request.Format switch { PinBlockFormats.Iso0 => KeyPurpose.ZonePinTripleDes, PinBlockFormats.Iso4 => KeyPurpose.ZonePinAes, _ => default };
        var known = request.Jwk.TryGetRsa(out var theirs);
        using (theirs)
        {
            var faults = new Faults()
                .Unless(purpose != default, "format", "must be ISO-0 or ISO-4")
                .Unless(known, "jwk", "must be a public JWK of an RSA key of 2048 to 4096 bits");
            if (faults.Any)
            {
                return faults.Problem();
            }
            if (!await database.IsProcessor(processor, cancel))
            {
                return VaultProblems.ProcessorNotFound();
            }
            WrappedKey key;
            await using (var work = await Work.Begin(database, cancel))
            {
                key = await keys.AddZoneKey(work, processor, purpose);
                Work.Audit(subject: $"pin-key:{key.Id}");
                await work.Commit();
            }
            await keys.Refresh(cancel);
            using var rsa = RSA.Create();
            rsa.ImportFromPem(theirs!.ToPem());
            return TypedResults.Created((string?)null, new NewZoneKey(
                key.Id, processor, request.Format, key.CheckValue!, Base64Url.EncodeToString(hsm.ExportZoneKey(key.Id, rsa)), clock.GetUtcNow()));
        }
    }
}

internal static class ListZoneKeys
{
    public static void MapListZoneKeys(this IEndpointRouteBuilder processors) =>
        processors.MapGet("/{processor}/pin-keys", Handle).AdmitsOperators(Role.Admin).WithSummary("Lists a processor's PIN keys");

    private static async Task<Results<Ok<Page<ZoneKeyView>>, ProblemHttpResult>> Handle(
        string processor, int? limit, string? after, NpgsqlDataSource database, CancellationToken cancel)
    {
        if (!PageRequest.TryRead(limit, after, out var page, out var refusal))
        {
            return refusal;
        }
        var keys = await database.ListZoneKeys(processor, page, cancel);
        return TypedResults.Ok(page.Of(keys, key => new Cursor(key.CreatedAt, key.Id), key => new ZoneKeyView(
            key.Id, processor, key.Purpose == nameof(KeyPurpose.ZonePinAes) ? PinBlockFormats.Iso4 : PinBlockFormats.Iso0, key.CheckValue, key.CreatedAt)));
    }
}

/// <summary>The formats as the wire names them.</summary>
internal static class PinBlockFormats
{
    public const string Iso0 = "ISO-0";
    public const string Iso4 = "ISO-4";
}

internal sealed record ZoneKeyRow
{
    public required Guid Id { get; init; }
    public required string Purpose { get; init; }
    public required string CheckValue { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

internal static class ZoneKeyStore
{
    public static Task<bool> IsProcessor(this NpgsqlDataSource database, string processor, CancellationToken cancel) =>
        database.One<bool>("select exists (select 1 from programmes where processor = @processor)", new { processor }, cancel);

    public static Task<IReadOnlyList<ZoneKeyRow>> ListZoneKeys(this NpgsqlDataSource database, string processor, PageRequest page, CancellationToken cancel) =>
        database.Many<ZoneKeyRow>(
            """
            select id, purpose, check_value, created_at
            from vault_keys
            where processor = @processor and (created_at, id) < (@At, @Id)
            order by created_at desc, id desc
            limit @Rows
            """,
            new { processor, page.After.At, page.After.Id, page.Rows },
            cancel);
}
