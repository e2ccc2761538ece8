using Antaca.Contracts.Events;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Registers the one key that answers to a partner are sealed for.</summary>
internal static class SetEncryptionKey
{
    /// <param name="Jwk">A public RSA key of 2048 to 4096 bits.</param>
    internal sealed record Request(Jwk Jwk);

    public static void MapSetEncryptionKey(this IEndpointRouteBuilder partners) =>
        partners.MapPut("/{partnerId:guid}/encryption-key", Handle).AdmitsOperators(Role.Admin)
            .Example(new { jwk = ExampleKeys.Encryption })
            .Refuses(PartnerProblems.NotFound());

    private static async Task<Results<Ok<PartnerView>, ProblemHttpResult>> Handle(
        Guid partnerId, Request request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (!request.Jwk.TryGetRsa(out var key))
        {
            return Problems.Invalid("jwk", "must be a public JWK of an RSA key of 2048 to 4096 bits");
        }
        key.Dispose();
        return await Save(partnerId, request.Jwk.ToJson(), database, clock, cancel);
    }

    /// <param name="key">Null takes the registration back.</param>
    internal static async Task<Results<Ok<PartnerView>, ProblemHttpResult>> Save(
        Guid partnerId, string? key, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        await using var work = await Work.Begin(database, cancel);
        if (await work.FindPartnerForChange(partnerId) is not { } partner)
        {
            return PartnerProblems.NotFound();
        }
        var changed = partner with { EncryptionKey = key };
        if (partner.EncryptionKey != key)
        {
            await work.SaveEncryptionKey(partnerId, key);
            work.Owe(new PartnerChanged(partnerId, clock.GetUtcNow()));
            Work.Audit(partnerId: partnerId);
            await work.Commit();
        }
        return TypedResults.Ok(PartnerView.Of(changed));
    }
}
