using Antaca.Contracts.Requests;
using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.DataCore.Vault;

/// <summary>Swaps secrets that came in from outside for one-time references. Nothing is stored: the reference is the ciphertext.</summary>
internal static class CreateSecretReferences
{
    private const int MaxSecrets = 8;

    public static void MapCreateSecretReferences(this IEndpointRouteBuilder vault) => vault.MapPost("/references", Handle);

    private static Results<Ok<CreatedReferences>, ProblemHttpResult> Handle(CreateReferences request, Hsm hsm, TimeProvider clock)
    {
        if (request.Secrets.Count is 0 or > MaxSecrets)
        {
            return Problems.Invalid("secrets", $"must be 1 to {MaxSecrets}");
        }
        var references = new List<VaultReference>(request.Secrets.Count);
        foreach (var secret in request.Secrets)
        {
            if (!SecretKinds.TryParse(secret.Kind, out var kind) || secret.Value.Length is 0 or > Hsm.MaxSecretCharacters || !System.Text.Ascii.IsValid(secret.Value))
            {
                return Problems.Invalid("secrets", "must be of a known kind, in a few ASCII characters");
            }
            references.Add(new VaultReference(hsm.SealReference(kind, secret.Value, request.Binding, Guid.Empty, clock.GetUtcNow())));
        }
        return TypedResults.Ok(new CreatedReferences(references));
    }
}
