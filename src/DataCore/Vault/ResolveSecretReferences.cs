using System.Diagnostics;
using Antaca.Contracts.Events;
using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace Antaca.DataCore.Vault;

/// <summary>Gives the edge the secrets behind references, all or none, each once; who saw which card's is on record before they leave.</summary>
internal static class ResolveSecretReferences
{
    public static void MapResolveSecretReferences(this IEndpointRouteBuilder vault) => vault.MapPost("/resolve", Handle);

    private static async Task<Results<Ok<ResolvedReferences>, ProblemHttpResult>> Handle(
        ResolveReferences request, Hsm hsm, NpgsqlDataSource database, TimeProvider clock, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var opened = new List<OpenedReference>(request.References.Count);
        foreach (var reference in request.References)
        {
            if (hsm.OpenReference(reference.Vault, request.Binding, request.CardId, now) is not { } open)
            {
                return VaultProblems.ReferenceInvalid();
            }
            opened.Add(open);
        }

        await using var work = await Work.Begin(database, cancel);
        if (!await work.UseOnce(opened, request.CardId, request.Binding, "Reveal", now))
        {
            return VaultProblems.ReferenceInvalid();
        }
        work.Owe(Reveal(request, await work.FindPartnerOfCard(request.CardId), now));
        await work.Commit();
        return TypedResults.Ok(new ResolvedReferences([.. opened.Select(open => new SecretValue(SecretKinds.OnTheWire(open.Kind), open.Secret))]));
    }

    /// <summary>For the audit trail: the binding says who sees the card, and whose it is (<see cref="Caller.Binding"/>).</summary>
    private static Audited Reveal(ResolveReferences request, Guid? partnerId, DateTimeOffset now)
    {
        var parts = request.Binding.Split('|');
        var actor = parts[0];
        Guid? userId = parts.Length > 1 && Guid.TryParse(parts[1], out var user) ? user : null;
        var channel = actor.Split(':')[0] switch
        {
            "user" => Channel.Customers,
            "partner" => Channel.Secure,
            "processor" => Channel.Processor,
            _ => Channel.Admin,
        };
        return new Audited(
            channel.ToString(), actor, "RevealCard", $"card:{request.CardId}", userId, partnerId, Outcome: null, Activity.Current?.TraceId.ToHexString(), now);
    }
}
