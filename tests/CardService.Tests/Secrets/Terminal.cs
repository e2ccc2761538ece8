using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;

namespace Antaca.CardService.Tests.Secrets;

/// <summary>
/// What a processor does with PINs, written from ISO 9564-1 and ANSI X9.24-1 without a line of the product's: it takes a zone
/// key that an operator made for it, and enciphers what was typed in.
/// </summary>
internal sealed class Terminal(Suite suite, Caller processor, string format, Guid keyId, byte[] key)
{
    public static async Task<Terminal> New(Suite suite, Caller processor, string format)
    {
        using var rsa = RSA.Create(2048);
        var parameters = rsa.ExportParameters(includePrivateParameters: false);
        var jwk = new { kty = "RSA", n = Base64Url.EncodeToString(parameters.Modulus), e = Base64Url.EncodeToString(parameters.Exponent) };
        var made = (await suite.As(TestUsers.Operator(Role.Admin), "datacore").Post($"/processors/{processor.Processor}/pin-keys", new { format, jwk })).Must(201);
        var key = rsa.Decrypt(Base64Url.DecodeFromChars(made["wrappedKey"].GetString()), RSAEncryptionPadding.OaepSHA256);
        return new Terminal(suite, processor, format, made["keyId"].GetGuid(), key);
    }

    public Guid KeyId => keyId;

    /// <summary>The first three bytes of a block of zeros under the key: what both sides compare over the telephone.</summary>
    public string TripleDesCheckValue => Convert.ToHexString(TripleDes(new byte[8])[..3]);

    /// <summary>A purchase with this PIN by this card.</summary>
    public async Task<Answer> Pay(Guid cardId, string cardNo, string pin, string? transactionId = null) =>
        await Pay(cardId, BlockOf(pin, cardNo), transactionId);

    public async Task<Answer> Pay(Guid cardId, byte[] block, string? transactionId = null) => await Pay(await Purchase(cardId, block, transactionId));

    public Task<Answer> Pay(Dictionary<string, object?> purchase) => suite.As(processor, "cardservice").Post("/authorizations", purchase);

    public async Task<Dictionary<string, object?>> Purchase(Guid cardId, byte[] block, string? transactionId = null)
    {
        var request = Authorisations.Requests.Purchase(cardId);
        request["channel"] = "Pos";
        request["transactionId"] = transactionId ?? request["transactionId"];
        request["pinBlock"] = new { format, block = await suite.Refer(processor, "pinBlock", Convert.ToHexString(block)), keyId };
        return request;
    }

    public byte[] BlockOf(string pin, string cardNo)
    {
        var length = pin.Length.ToString("X", CultureInfo.InvariantCulture);
        if (format == "ISO-0")
        {
            var field = Convert.FromHexString(("0" + length + pin).PadRight(16, 'F'));
            return TripleDes(Xor(field, Convert.FromHexString("0000" + cardNo[^13..^1])));
        }
        var first = Convert.FromHexString(("4" + length + pin).PadRight(16, 'A') + Convert.ToHexString(RandomNumberGenerator.GetBytes(8)));
        using var aes = Aes.Create();
        aes.SetKey(key);
        var number = Convert.FromHexString(((cardNo.Length - 12).ToString(CultureInfo.InvariantCulture) + cardNo).PadRight(32, '0'));
        return aes.EncryptEcb(Xor(aes.EncryptEcb(first, PaddingMode.None), number), PaddingMode.None);
    }

    private static byte[] Xor(byte[] left, byte[] right) => [.. left.Zip(right, (one, other) => (byte)(one ^ other))];

    private byte[] TripleDes(byte[] block)
    {
#pragma warning disable CA5350 // The algorithm of the format.
        using var des = TripleDES.Create();
#pragma warning restore CA5350
        des.Key = [.. key, .. key[..8]];
        return des.EncryptEcb(block, PaddingMode.None);
    }
}
