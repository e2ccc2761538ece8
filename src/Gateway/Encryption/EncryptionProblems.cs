using Antaca.ServiceDefaults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Antaca.Gateway.Encryption;

internal static class EncryptionProblems
{
    public static ProblemHttpResult Required() => Problems.Refuse(
        400, "ENCRYPTION_REQUIRED", "This operation carries card secrets. Send it encrypted, with the headers Public-Key and Encrypted-Request: true.");

    public static ProblemHttpResult InvalidPublicKey() => Problems.Refuse(
        400, "INVALID_PUBLIC_KEY", "The header Public-Key must hold an RSA public key of 2048 to 4096 bits: base64 of its PEM or of its DER SubjectPublicKeyInfo.");

    public static ProblemHttpResult AnotherKeyRegistered() => Problems.Refuse(
        400, "INVALID_PUBLIC_KEY", "The header Public-Key must hold the key that was registered for this caller.");

    public static ProblemHttpResult KeyNotRegistered() => Problems.Refuse(
        400, "INVALID_PUBLIC_KEY", "This answer is sealed for a registered key only. Pair the device with an encryptionKey.");

    public static ProblemHttpResult InvalidPayload(string why) => Problems.Refuse(
        400, "INVALID_PAYLOAD", "The body must be {\"payload\": \"<compact JWE>\"}, RSA-OAEP-256 or RSA-OAEP with A256GCM, around a JSON object.", why);

    public static ProblemHttpResult CannotDecrypt(Channel channel) => Problems.Refuse(
        400, "CANT_DECRYPT_PAYLOAD", $"The payload does not open with our key. Fetch the present key from /{channel.ToString().ToLowerInvariant()}/public-key and encrypt again.");
}
