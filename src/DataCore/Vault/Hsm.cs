using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Antaca.Jose;

[assembly: InternalsVisibleTo("Antaca.DataCore.Tests")]

namespace Antaca.DataCore.Vault;

/// <summary>What a key is for. The name is part of what its wrapping authenticates: it never changes.</summary>
public enum KeyPurpose
{
    /// <summary>AES-256: PANs at rest. Several versions; the highest encrypts.</summary>
    PanEncryption = 1,

    /// <summary>HMAC-SHA256: finds a PAN without decrypting.</summary>
    PanLookup = 2,

    /// <summary>HMAC-SHA256: the root of the permutations that allocate PANs. Never replaced.</summary>
    PanPermutation = 3,

    /// <summary>AES-256: one-time references. Several versions; the highest seals.</summary>
    References = 4,

    /// <summary>A pair of DES keys (CVK A and B) of one programme: card verification values. Found by its id.</summary>
    CardVerification = 5,

    /// <summary>HMAC-SHA256: the pepper of stored PINs, passwords and codes. Never replaced.</summary>
    Credentials = 6,

    /// <summary>AES-256: the operators' second factors at rest. Several versions; the highest seals.</summary>
    OperatorSecrets = 7,

    /// <summary>A pair of DES keys (PVK A and B) of one programme: PIN verification values. Found by its id; its version is the PVV's key index.</summary>
    PinVerification = 8,

    /// <summary>Triple DES, double or triple length: PIN blocks of format 0 between one processor and us. Found by its id.</summary>
    ZonePinTripleDes = 9,

    /// <summary>AES: PIN blocks of format 4 between one processor and us. Found by its id.</summary>
    ZonePinAes = 10,
}

/// <summary>A key as the database keeps it: sealed under the master key, useless under another id, purpose or version.</summary>
/// <param name="CheckValue">What <see cref="KeyCheck"/> says of it; null in records from before it was kept.</param>
public sealed record WrappedKey(Guid Id, KeyPurpose Purpose, int Version, byte[] Wrapped, string? CheckValue = null);

/// <summary>A key is not the one its record says: the service must not serve. Names the key's id, never the key.</summary>
public sealed class KeyCheckException(Guid keyId) : CryptographicException($"Key {keyId} does not have the check value of its record.");

/// <summary>A PAN as the database keeps it.</summary>
public sealed record EncryptedPan(int KeyVersion, byte[] Ciphertext);

/// <summary>What a PIN block turned out to hold.</summary>
public enum PinCheck
{
    Right,
    Wrong,

    /// <summary>No PIN can be read from it: another key, format or PAN, or damage on the way. It says nothing of the PIN.</summary>
    Unreadable,
}

/// <summary>The order of the expiry date in the CVV's input: a programme setting.</summary>
public enum ExpiryOrder
{
    YearMonth,
    MonthYear,
}

/// <summary>
/// The software key store: every operation with a key of the vault is here and nowhere else, so that a hardware security
/// module can take this file's place (and that of the algorithms it calls: <see cref="Des"/>,
/// <see cref="VerificationValues"/>, <see cref="PinBlocks"/>, <see cref="KeyCheck"/>, <see cref="PanPermutation"/>). Keys
/// come wrapped under the master key and leave only wrapped. May be used from several threads at once.
/// </summary>
/// <remarks>
/// A <see cref="CryptographicException"/> from here means that stored data does not belong to its record or key: a broken
/// promise. What comes from outside (a reference, a CVV) is refused by value.
/// </remarks>
public sealed class Hsm : IDisposable
{
    public const int MasterKeyBytes = 32;

    /// <summary>How long a one-time reference lives.</summary>
    public const int ReferenceLifeSeconds = 30;

    /// <summary>The longest secret a reference carries, in ASCII characters: an ISO format 4 PIN block takes 32.</summary>
    public const int MaxSecretCharacters = 64;

    private const int AesKeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const byte WrapFormat = 1;
    private const byte ReferenceFormat = 1;
    private const int GuidBytes = 16;
    private const int ReferencePlainBytes = GuidBytes + 1 + sizeof(long) + SHA256.HashSizeInBytes + 1 + MaxSecretCharacters;
    private const int ReferenceHeadBytes = 1 + sizeof(int);
    private const int MinRsaBits = 2048;
    private const string ServiceCodeCvv2 = "000";
    private const string ServiceCodeIcvv = "999";

    private byte[]? _masterKey;
    private readonly ConcurrentDictionary<(KeyPurpose Purpose, int Version), LoadedKey> _versions = new();
    private readonly ConcurrentDictionary<KeyPurpose, int> _current = new();
    private readonly ConcurrentDictionary<Guid, LoadedKey> _byId = new();

    /// <summary>Sealed: nothing works before <see cref="Unseal"/>.</summary>
    public Hsm()
    {
    }

    /// <param name="masterKey">256 bits. It is copied; the caller clears its own.</param>
    public Hsm(ReadOnlySpan<byte> masterKey) => Unseal(masterKey);

    /// <summary>Gives a sealed store its master key, once.</summary>
    /// <param name="masterKey">256 bits. It is copied; the caller clears its own.</param>
    /// <exception cref="InvalidOperationException">It has one already.</exception>
    public void Unseal(ReadOnlySpan<byte> masterKey)
    {
        if (masterKey.Length != MasterKeyBytes)
        {
            throw new ArgumentException($"The master key has {MasterKeyBytes} bytes.", nameof(masterKey));
        }
        var copy = Pinned(masterKey);
        if (Interlocked.CompareExchange(ref _masterKey, copy, null) is not null)
        {
            CryptographicOperations.ZeroMemory(copy);
            throw new InvalidOperationException("The vault has its master key already.");
        }
    }

    /// <summary>A new random key, wrapped. The database keeps it; nothing can use it before <see cref="Load"/>.</summary>
    /// <param name="id">The record's id (UUIDv7).</param>
    /// <param name="version">1 or more; for a purpose with several versions the highest loaded is the current one.</param>
    public WrappedKey NewKey(KeyPurpose purpose, Guid id, int version)
    {
        var desKey = purpose is KeyPurpose.CardVerification or KeyPurpose.PinVerification or KeyPurpose.ZonePinTripleDes;
        Span<byte> key = stackalloc byte[desKey ? Des.PairBytes : AesKeyBytes];
        try
        {
            do
            {
                RandomNumberGenerator.Fill(key);
            }
            while (desKey && !Des.TryMakeKey(key));
            return Wrap(purpose, id, version, key);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Wraps a key that was made elsewhere: verification keys of cards already issued, a processor's zone key.</summary>
    /// <param name="key">16 bytes for a pair; 16 or 24 for Triple DES; 16, 24 or 32 for AES. The caller clears its own.</param>
    /// <exception cref="ArgumentException">Another length, Triple DES that is single DES, or a purpose whose keys are made here alone.</exception>
    public WrappedKey ImportKey(KeyPurpose purpose, Guid id, int version, ReadOnlySpan<byte> key)
    {
        var fits = purpose switch
        {
            KeyPurpose.CardVerification or KeyPurpose.PinVerification => key.Length == Des.PairBytes && Des.IsStrong(key),
            KeyPurpose.ZonePinTripleDes => key.Length is Des.PairBytes or Des.TripleBytes && Des.IsStrong(key),
            KeyPurpose.ZonePinAes => key.Length is 16 or 24 or AesKeyBytes,
            _ => false,
        };
        return fits ? Wrap(purpose, id, version, key) : throw new ArgumentException($"This is no key that can be imported as {purpose}.", nameof(key));
    }

    /// <summary>A zone key for its processor: under the processor's RSA key (RSA-OAEP, SHA-256).</summary>
    /// <exception cref="ArgumentException">The RSA key is shorter than 2048 bits.</exception>
    /// <exception cref="InvalidOperationException">There is no such zone key; keys of other purposes never leave.</exception>
    public byte[] ExportZoneKey(Guid keyId, RSA processor)
    {
        if (processor.KeySize < MinRsaBits)
        {
            throw new ArgumentException($"The processor's key has fewer than {MinRsaBits} bits.", nameof(processor));
        }
        return processor.Encrypt(ZoneKey(keyId).Bytes, RSAEncryptionPadding.OaepSHA256);
    }

    /// <summary>Unwraps keys for use. A key that is already loaded is left as it is.</summary>
    /// <exception cref="CryptographicException">A key was wrapped under another master key, or its record was changed.</exception>
    /// <exception cref="InvalidOperationException">Two keys claim the same purpose and version.</exception>
    public void Load(IEnumerable<WrappedKey> keys)
    {
        foreach (var key in keys)
        {
            Load(key, ahead: false);
        }
    }

    /// <summary>Unwraps keys that open what others have sealed and seal nothing here, until <see cref="Load(IEnumerable{WrappedKey})"/> loads them again.</summary>
    /// <inheritdoc cref="Load(IEnumerable{WrappedKey})"/>
    public void LoadAhead(IEnumerable<WrappedKey> keys)
    {
        foreach (var key in keys)
        {
            Load(key, ahead: true);
        }
    }

    /// <summary>Whether a key with several versions is loaded in this one; another replica may have made it since.</summary>
    public bool Has(KeyPurpose purpose, int version) => _versions.ContainsKey((purpose, version));

    /// <summary>Whether a programme's pair of verification keys, or a zone key, is loaded.</summary>
    public bool HasVerificationKey(Guid keyId) => _byId.ContainsKey(keyId);

    /// <summary>AES-256-GCM under the current data key; the record's id and the key version are authenticated with it.</summary>
    public EncryptedPan EncryptPan(Guid recordId, Pan pan)
    {
        var key = Current(KeyPurpose.PanEncryption);
        Span<byte> digits = stackalloc byte[Pan.Digits];
        try
        {
            Encoding.ASCII.GetBytes(pan.Reveal(), digits);
            return new EncryptedPan(key.Version, Seal(key.Bytes, digits, PanContext(recordId, key.Version)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(digits);
        }
    }

    /// <exception cref="CryptographicException">The ciphertext is not of this record and key version.</exception>
    public Pan DecryptPan(Guid recordId, EncryptedPan encrypted)
    {
        var key = Versioned(KeyPurpose.PanEncryption, encrypted.KeyVersion);
        var digits = Open(key.Bytes, encrypted.Ciphertext, PanContext(recordId, encrypted.KeyVersion));
        try
        {
            return Pan.Parse(Encoding.ASCII.GetString(digits));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(digits);
        }
    }

    /// <summary>HMAC-SHA256 of the whole PAN: the same for the same PAN, and nothing without the key. 32 bytes.</summary>
    public byte[] Lookup(Pan pan)
    {
        Span<byte> digits = stackalloc byte[Pan.Digits];
        try
        {
            Encoding.ASCII.GetBytes(pan.Reveal(), digits);
            return HMACSHA256.HashData(Current(KeyPurpose.PanLookup).Bytes, digits);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(digits);
        }
    }

    /// <summary>The PAN of a counter in a range; each counter is used once. False when the range is full.</summary>
    /// <param name="counter">0 or more.</param>
    public bool TryAllocatePan(PanRange range, long counter, out Pan pan)
    {
        if (counter >= range.Size)
        {
            pan = default;
            return false;
        }
        using var permutation = new PanPermutation(Current(KeyPurpose.PanPermutation).Bytes, range);
        pan = permutation.PanAt(counter);
        return true;
    }

    /// <summary>CVV2: the DES CVV algorithm with service code 000.</summary>
    /// <param name="keyId">The programme's pair of card verification keys.</param>
    /// <param name="counter">0 at first; each "reset CVV" raises it by <see cref="NextCvvCounter"/>.</param>
    public Cvv Cvv2(Guid keyId, Pan pan, DateOnly expiry, ExpiryOrder order, int counter)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(counter);
        Span<byte> pair = stackalloc byte[Des.PairBytes];
        try
        {
            VerificationValues.Diversify(ById(keyId, KeyPurpose.CardVerification).Bytes, counter, pair);
            return CardVerificationValue(pair, pan, expiry, order, ServiceCodeCvv2);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(pair);
        }
    }

    /// <summary>Whether a presented CVV2 is this card's, compared in constant time.</summary>
    public bool VerifyCvv2(Guid keyId, Pan pan, DateOnly expiry, ExpiryOrder order, int counter, Cvv presented) =>
        Cvv2(keyId, pan, expiry, order, counter) == presented;

    /// <summary>The next counter whose CVV2 differs from the present one: one value in a thousand would be the same again.</summary>
    public int NextCvvCounter(Guid keyId, Pan pan, DateOnly expiry, ExpiryOrder order, int counter)
    {
        var present = Cvv2(keyId, pan, expiry, order, counter);
        var next = counter + 1;
        while (Cvv2(keyId, pan, expiry, order, next) == present)
        {
            next++;
        }
        return next;
    }

    /// <summary>CVV1, of the magnetic stripe: with the card's own service code.</summary>
    /// <param name="serviceCode">Three digits; 000 and 999 are those of CVV2 and iCVV, never a stripe's.</param>
    /// <exception cref="ArgumentException">No service code of a stripe.</exception>
    public Cvv Cvv1(Guid keyId, Pan pan, DateOnly expiry, ExpiryOrder order, string serviceCode) =>
        serviceCode is { Length: 3 } and not (ServiceCodeCvv2 or ServiceCodeIcvv) && !serviceCode.AsSpan().ContainsAnyExceptInRange('0', '9')
            ? CardVerificationValue(ById(keyId, KeyPurpose.CardVerification).Bytes, pan, expiry, order, serviceCode)
            : throw new ArgumentException("A stripe's service code has three digits and is neither 000 nor 999.", nameof(serviceCode));

    /// <summary>iCVV, of the chip's copy of the stripe: service code 999, so that a copied chip makes no stripe.</summary>
    public Cvv Icvv(Guid keyId, Pan pan, DateOnly expiry, ExpiryOrder order) =>
        CardVerificationValue(ById(keyId, KeyPurpose.CardVerification).Bytes, pan, expiry, order, ServiceCodeIcvv);

    /// <summary>The Visa PVV of a PIN.</summary>
    /// <param name="keyId">The programme's pair of PIN verification keys.</param>
    public Pvv Pvv(Guid keyId, Pan pan, Pin pin)
    {
        var key = ById(keyId, KeyPurpose.PinVerification);
        return Vault.Pvv.Parse(VerificationValues.PinVerificationValue(key.Bytes, key.Version, pan.Reveal(), pin.Digits));
    }

    /// <summary>Whether a PIN has this PVV, compared in constant time.</summary>
    public bool VerifyPin(Guid keyId, Pan pan, Pin pin, Pvv pvv) => Pvv(keyId, pan, pin) == pvv;

    /// <summary>Whether the PIN of a block has this PVV. The PIN does not leave.</summary>
    /// <param name="zoneKeyId">The key that the block came under; an unknown one, or one of another format, makes it unreadable.</param>
    public PinCheck VerifyPinBlock(Guid zoneKeyId, PinBlockFormat format, ReadOnlySpan<byte> block, Guid keyId, Pan pan, Pvv pvv)
    {
        if (!TryDecipherPin(zoneKeyId, format, block, pan, out var pin))
        {
            return PinCheck.Unreadable;
        }
        using (pin)
        {
            return VerifyPin(keyId, pan, pin, pvv) ? PinCheck.Right : PinCheck.Wrong;
        }
    }

    /// <summary>A PIN as a block under a zone key: 8 bytes of format 0, 16 of format 4.</summary>
    /// <exception cref="InvalidOperationException">There is no such zone key for this format.</exception>
    public byte[] EncipherPin(Guid zoneKeyId, PinBlockFormat format, Pan pan, Pin pin)
    {
        var key = ById(zoneKeyId, ZonePurpose(format));
        var block = new byte[PinBlocks.LengthOf(format)];
        if (format == PinBlockFormat.Iso0)
        {
            PinBlocks.EncodeIso0(pin, pan.Reveal(), block);
            Des.Triple(key.Bytes, block);
        }
        else
        {
            PinBlocks.EncipherIso4(key.Bytes, pin, pan.Reveal(), block);
        }
        return block;
    }

    /// <summary>The PIN of a block from outside; the caller disposes of it. False for whatever does not read as one.</summary>
    public bool TryDecipherPin(Guid zoneKeyId, PinBlockFormat format, ReadOnlySpan<byte> block, Pan pan, [NotNullWhen(true)] out Pin? pin)
    {
        pin = null;
        if (!_byId.TryGetValue(zoneKeyId, out var key) || key.Purpose != ZonePurpose(format) || block.Length != PinBlocks.LengthOf(format))
        {
            return false;
        }
        if (format == PinBlockFormat.Iso4)
        {
            return PinBlocks.TryDecipherIso4(key.Bytes, block, pan.Reveal(), out pin);
        }
        Span<byte> clear = stackalloc byte[PinBlocks.Iso0Bytes];
        try
        {
            block.CopyTo(clear);
            Des.Triple(key.Bytes, clear, decrypt: true);
            return PinBlocks.TryDecodeIso0(clear, pan.Reveal(), out pin);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(clear);
        }
    }

    /// <summary>
    /// The same PIN for another zone: from one key and format to another, for the same PAN (ISO 9564-1 allows no other
    /// change on the way). False for a block that does not read.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such zone key to translate to.</exception>
    public bool TryTranslatePin(
        Guid fromKeyId, PinBlockFormat from, ReadOnlySpan<byte> block, Pan pan, Guid toKeyId, PinBlockFormat to, [NotNullWhen(true)] out byte[]? translated)
    {
        translated = null;
        if (!TryDecipherPin(fromKeyId, from, block, pan, out var pin))
        {
            return false;
        }
        using (pin)
        {
            translated = EncipherPin(toKeyId, to, pan, pin);
            return true;
        }
    }

    /// <summary>
    /// A one-time reference in place of a secret: an AES-256-GCM token with its id, kind, expiry, the hash of the caller and
    /// card it is bound to, and the secret. All references of one format have one length. base64url.
    /// </summary>
    /// <param name="secret">1 to <see cref="MaxSecretCharacters"/> ASCII characters.</param>
    /// <param name="binding">The caller that may resolve it.</param>
    /// <param name="cardId">The card it belongs to; <see cref="Guid.Empty"/> for what came in before the card was known.</param>
    public string SealReference(SecretKind kind, string secret, string binding, Guid cardId, DateTimeOffset now)
    {
        if (secret.Length is 0 or > MaxSecretCharacters || !Ascii.IsValid(secret))
        {
            throw new ArgumentException($"A secret has 1 to {MaxSecretCharacters} ASCII characters.", nameof(secret));
        }

        var key = Current(KeyPurpose.References);
        Span<byte> plain = stackalloc byte[ReferencePlainBytes];
        try
        {
            plain.Clear();
            var fields = plain;
            Guid.CreateVersion7(now).TryWriteBytes(Take(ref fields, GuidBytes), bigEndian: true, out _);
            Take(ref fields, 1)[0] = (byte)kind;
            BinaryPrimitives.WriteInt64BigEndian(Take(ref fields, sizeof(long)), now.AddSeconds(ReferenceLifeSeconds).ToUnixTimeMilliseconds());
            BindingHash(binding, cardId, Take(ref fields, SHA256.HashSizeInBytes));
            Take(ref fields, 1)[0] = (byte)secret.Length;
            Encoding.ASCII.GetBytes(secret, fields);

            Span<byte> head = stackalloc byte[ReferenceHeadBytes];
            head[0] = ReferenceFormat;
            BinaryPrimitives.WriteInt32BigEndian(head[1..], key.Version);
            return StrictBase64Url.Encode([.. head, .. Seal(key.Bytes, plain, ReferenceContext(key.Version))]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Null for a reference that is malformed, forged, expired, or bound to another caller or card.</summary>
    public OpenedReference? OpenReference(string token, string binding, Guid cardId, DateTimeOffset now)
    {
        if (!StrictBase64Url.TryDecode(token, out var bytes)
            || bytes.Length != ReferenceHeadBytes + NonceBytes + ReferencePlainBytes + TagBytes
            || bytes[0] != ReferenceFormat
            || !_versions.TryGetValue((KeyPurpose.References, BinaryPrimitives.ReadInt32BigEndian(bytes.AsSpan(1))), out var key)
            || !TryOpen(key.Bytes, bytes.AsSpan(ReferenceHeadBytes), ReferenceContext(key.Version), out var plain))
        {
            return null;
        }

        try
        {
            Span<byte> fields = plain;
            var id = new Guid(Take(ref fields, GuidBytes), bigEndian: true);
            var kind = (SecretKind)Take(ref fields, 1)[0];
            var expiresAt = DateTimeOffset.FromUnixTimeMilliseconds(BinaryPrimitives.ReadInt64BigEndian(Take(ref fields, sizeof(long))));
            Span<byte> bound = stackalloc byte[SHA256.HashSizeInBytes];
            BindingHash(binding, cardId, bound);
            if (!CryptographicOperations.FixedTimeEquals(bound, Take(ref fields, SHA256.HashSizeInBytes)) || now >= expiresAt)
            {
                return null;
            }
            var length = Take(ref fields, 1)[0];
            return new OpenedReference(id, kind, Encoding.ASCII.GetString(fields[..length]), expiresAt);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>HMAC-SHA256 of what somebody typed: whoever has the database alone cannot even begin to guess. 32 bytes.</summary>
    /// <param name="purpose">Keeps a PIN's apart from a password's.</param>
    public byte[] Pepper(string purpose, string typed)
    {
        var text = Encoding.UTF8.GetBytes(purpose + "\n" + typed);
        try
        {
            return HMACSHA256.HashData(Current(KeyPurpose.Credentials).Bytes, text);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }

    /// <summary>An operator's TOTP secret at rest: AES-256-GCM, the key version before it, authenticated with the operator's id.</summary>
    public byte[] SealOperatorSecret(Guid operatorId, ReadOnlySpan<byte> secret)
    {
        var key = Current(KeyPurpose.OperatorSecrets);
        var version = new byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(version, key.Version);
        return [.. version, .. Seal(key.Bytes, secret, OperatorContext(operatorId, key.Version))];
    }

    /// <exception cref="CryptographicException">The ciphertext is not this operator's.</exception>
    public byte[] OpenOperatorSecret(Guid operatorId, ReadOnlySpan<byte> sealedSecret)
    {
        var key = Versioned(KeyPurpose.OperatorSecrets, BinaryPrimitives.ReadInt32BigEndian(sealedSecret));
        return Open(key.Bytes, sealedSecret[sizeof(int)..], OperatorContext(operatorId, key.Version));
    }

    /// <summary>The check value of a key as its record keeps it: zeros under Triple DES, CMAC for AES, <see cref="KeyCheck.Hmac"/> for HMAC.</summary>
    internal static string CheckValue(KeyPurpose purpose, ReadOnlySpan<byte> key) => purpose switch
    {
        KeyPurpose.CardVerification or KeyPurpose.PinVerification or KeyPurpose.ZonePinTripleDes => KeyCheck.TripleDes(key),
        KeyPurpose.PanLookup or KeyPurpose.PanPermutation or KeyPurpose.Credentials => KeyCheck.Hmac(key),
        _ => KeyCheck.AesCmac(key),
    };

    /// <summary>The check value of a loaded key, for records from before it was kept.</summary>
    internal string CheckValueOf(WrappedKey wrapped) => CheckValue(
        wrapped.Purpose, FoundById(wrapped.Purpose) ? ById(wrapped.Id, wrapped.Purpose).Bytes : Versioned(wrapped.Purpose, wrapped.Version).Bytes);

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_masterKey);
        foreach (var key in _versions.Values.Concat(_byId.Values))
        {
            CryptographicOperations.ZeroMemory(key.Bytes);
        }
        _versions.Clear();
        _byId.Clear();
    }

    private static bool FoundById(KeyPurpose purpose) =>
        purpose is KeyPurpose.CardVerification or KeyPurpose.PinVerification or KeyPurpose.ZonePinTripleDes or KeyPurpose.ZonePinAes;

    private static KeyPurpose ZonePurpose(PinBlockFormat format) => format switch
    {
        PinBlockFormat.Iso0 => KeyPurpose.ZonePinTripleDes,
        PinBlockFormat.Iso4 => KeyPurpose.ZonePinAes,
        _ => throw new ArgumentOutOfRangeException(nameof(format)),
    };

    private static Cvv CardVerificationValue(ReadOnlySpan<byte> pair, Pan pan, DateOnly expiry, ExpiryOrder order, string serviceCode) =>
        Cvv.Parse(VerificationValues.CardVerificationValue(pair, pan.Reveal(), Digits(expiry, order), serviceCode));

    private static string Digits(DateOnly expiry, ExpiryOrder order) =>
        expiry.ToString(order == ExpiryOrder.YearMonth ? "yyMM" : "MMyy", CultureInfo.InvariantCulture);

    private WrappedKey Wrap(KeyPurpose purpose, Guid id, int version, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        if (purpose == KeyPurpose.PinVerification)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(version, VerificationValues.MaxPinKeyIndex);
        }
        return new WrappedKey(id, purpose, version, [WrapFormat, .. Seal(MasterKey, key, WrapContext(purpose, id, version))], CheckValue(purpose, key));
    }

    private void Load(WrappedKey wrapped, bool ahead)
    {
        var byId = FoundById(wrapped.Purpose);
        var known = byId
            ? _byId.GetValueOrDefault(wrapped.Id)
            : _versions.GetValueOrDefault((wrapped.Purpose, wrapped.Version));
        if (known is not null)
        {
            Expect(known.Id == wrapped.Id && known.Version == wrapped.Version && known.Purpose == wrapped.Purpose, wrapped);
            MakeCurrent(wrapped, !byId && !ahead);
            return;
        }

        if (wrapped.Wrapped is not [WrapFormat, ..])
        {
            throw new CryptographicException($"Key {wrapped.Id} is wrapped in an unknown format.");
        }
        var bytes = Open(MasterKey, wrapped.Wrapped.AsSpan(1), WrapContext(wrapped.Purpose, wrapped.Id, wrapped.Version));
        var key = new LoadedKey(wrapped.Id, wrapped.Purpose, wrapped.Version, Pinned(bytes));
        CryptographicOperations.ZeroMemory(bytes);
        if (wrapped.CheckValue is { } expected && CheckValue(wrapped.Purpose, key.Bytes) != expected)
        {
            CryptographicOperations.ZeroMemory(key.Bytes);
            throw new KeyCheckException(wrapped.Id);
        }

        var kept = byId
            ? _byId.GetOrAdd(key.Id, key)
            : _versions.GetOrAdd((wrapped.Purpose, key.Version), key);
        Expect(kept.Id == key.Id, wrapped);
        MakeCurrent(wrapped, !byId && !ahead);
    }

    private void MakeCurrent(WrappedKey key, bool seals)
    {
        if (seals)
        {
            _current.AddOrUpdate(key.Purpose, key.Version, (_, present) => Math.Max(present, key.Version));
        }
    }

    private static void Expect(bool same, WrappedKey key)
    {
        if (!same)
        {
            throw new InvalidOperationException($"Key {key.Id} claims to be {key.Purpose}, version {key.Version}, but another key is.");
        }
    }

    private LoadedKey Current(KeyPurpose purpose) => _current.TryGetValue(purpose, out var version)
        ? Versioned(purpose, version)
        : throw new InvalidOperationException($"The vault has no {purpose} key.");

    private LoadedKey Versioned(KeyPurpose purpose, int version) => _versions.TryGetValue((purpose, version), out var key)
        ? key
        : throw new InvalidOperationException($"The vault has no {purpose} key of version {version}.");

    private LoadedKey ById(Guid keyId, KeyPurpose purpose) => _byId.TryGetValue(keyId, out var key) && key.Purpose == purpose
        ? key
        : throw new InvalidOperationException($"The vault has no {purpose} key {keyId}.");

    private LoadedKey ZoneKey(Guid keyId) => _byId.TryGetValue(keyId, out var key) && key.Purpose is KeyPurpose.ZonePinTripleDes or KeyPurpose.ZonePinAes
        ? key
        : throw new InvalidOperationException($"The vault has no zone PIN key {keyId}.");

    private byte[] MasterKey => _masterKey ?? throw new InvalidOperationException("The vault is sealed.");

    private static byte[] WrapContext(KeyPurpose purpose, Guid id, int version) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"antaca/key/v1/{purpose}/{id:D}/{version}"));

    private static byte[] PanContext(Guid recordId, int version) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"antaca/pan/v1/{recordId:D}/{version}"));

    private static byte[] OperatorContext(Guid operatorId, int version) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"antaca/operator/v1/{operatorId:D}/{version}"));

    private static byte[] ReferenceContext(int version) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"antaca/reference/v1/{version}"));

    private static void BindingHash(string binding, Guid cardId, Span<byte> hash)
    {
        // The id has a fixed length, so no other binding and id make the same input.
        SHA256.HashData([.. cardId.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(binding)], hash);
    }

    /// <summary>AES-256-GCM: nonce, ciphertext, tag.</summary>
    private static byte[] Seal(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> context)
    {
        var sealedBytes = new byte[NonceBytes + plaintext.Length + TagBytes];
        var nonce = sealedBytes.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plaintext, sealedBytes.AsSpan(NonceBytes, plaintext.Length), sealedBytes.AsSpan(^TagBytes..), context);
        return sealedBytes;
    }

    private static byte[] Open(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> context) =>
        TryOpen(key, sealedBytes, context, out var plaintext)
            ? plaintext
            : throw new CryptographicException("Stored data does not open: it was changed, or belongs to another record or key.");

    private static bool TryOpen(ReadOnlySpan<byte> key, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> context, [NotNullWhen(true)] out byte[]? plaintext)
    {
        plaintext = null;
        if (sealedBytes.Length < NonceBytes + TagBytes)
        {
            return false;
        }
        var opened = new byte[sealedBytes.Length - NonceBytes - TagBytes];
        try
        {
            using var aes = new AesGcm(key, TagBytes);
            aes.Decrypt(sealedBytes[..NonceBytes], sealedBytes[NonceBytes..^TagBytes], sealedBytes[^TagBytes..], opened, context);
            plaintext = opened;
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
    }

    private static Span<byte> Take(ref Span<byte> rest, int length)
    {
        var taken = rest[..length];
        rest = rest[length..];
        return taken;
    }

    private static byte[] Pinned(ReadOnlySpan<byte> bytes)
    {
        // The collector copies what it moves; a pinned key is cleared where it stands.
        var pinned = GC.AllocateUninitializedArray<byte>(bytes.Length, pinned: true);
        bytes.CopyTo(pinned);
        return pinned;
    }

    private sealed record LoadedKey(Guid Id, KeyPurpose Purpose, int Version, byte[] Bytes)
    {
        /// <summary>Never prints the key.</summary>
        public override string ToString() => $"key {Id}, version {Version}";
    }
}
