using Antaca.Contracts.Events;
using Antaca.Jose;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Partners;

/// <summary>Registers the one key that answers to a partner are sealed for, or takes the registration back.</summary>
internal static class SetEncryptionKey
{
    /// <param name="Jwk">A public RSA key of 2048 to 4096 bits.</param>
    internal sealed record Request(Jwk Jwk);

    public static void MapSetEncryptionKey(this IEndpointRouteBuilder partners)
    {
        partners.MapPut("/{partnerId:guid}/encryption-key", Set).AdmitsOperators(Role.Admin);
        partners.MapDelete("/{partnerId:guid}/encryption-key", Remove).AdmitsOperators(Role.Admin);
    }

    private static async Task<Results<Ok<PartnerView>, ProblemHttpResult>> Set(
        Guid partnerId, Request request, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        if (!request.Jwk.TryGetRsa(out var key))
        {
            return Problems.Invalid("jwk", "must be a public JWK of an RSA key of 2048 to 4096 bits");
        }
        key.Dispose();
        return await Save(partnerId, request.Jwk.ToJson(), database, clock, cancel);
    }

    private static Task<Results<Ok<PartnerView>, ProblemHttpResult>> Remove(Guid partnerId, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel) =>
        Save(partnerId, key: null, database, clock, cancel);

    private static async Task<Results<Ok<PartnerView>, ProblemHttpResult>> Save(
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
            await work.SavePartner(changed);
            work.Owe(new PartnerChanged(partnerId, clock.GetUtcNow()));
            Work.Audit(partnerId: partnerId);
            await work.Commit();
        }
        return TypedResults.Ok(PartnerView.Of(changed));
    }
}
