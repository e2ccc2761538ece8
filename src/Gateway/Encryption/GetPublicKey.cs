using Antaca.Gateway.Channels;
using Antaca.Jose;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Encryption;

/// <summary>Tells callers the key to encrypt for, on each channel.</summary>
internal static class GetPublicKey
{
    /// <param name="PublicKey">Base64 of the PEM.</param>
    internal sealed record Answer(string Kid, string Alg, string Enc, string PublicKey, Jwk Jwk);

    public static void MapGetPublicKey(this IEndpointRouteBuilder app)
    {
        foreach (var channel in new[] { "/customers", "/secure", "/processor", "/admin" })
        {
            app.MapGet(channel + "/public-key", Handle).WithMetadata(new Authentication.NoCredential());
        }
    }

    private static Ok<Answer> Handle(EncryptionKeys keys) =>
        TypedResults.Ok(new Answer(keys.Current.Kid, "RSA-OAEP-256", "A256GCM", keys.Current.ToHeader(), keys.Current.Jwk));
}
