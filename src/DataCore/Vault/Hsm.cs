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
}

/// <summary>A key as the database keeps it: sealed under the master key, useless under another id, purpose or version.</summary>
public sealed record WrappedKey(Guid Id, KeyPurpose Purpose, int Version, byte[] Wrapped);

/// <summary>A PAN as the database keeps it.</summary>
public sealed record EncryptedPan(int KeyVersion, byte[] Ciphertext);

/// <summary>The order of the expiry date in the CVV's input: a programme setting.</summary>
public enum ExpiryOrder
{
    YearMonth,
    MonthYear,
}

/// <summary>
/// The software key store: every operation with a key of the vault is here and nowhere else, so that a hardware security
/// module can take this file's place. Keys come wrapped under the master key and leave only wrapped. May be used from
/// several threads at once.
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
    private const int DesKeyBytes = 8;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const byte WrapFormat = 1;
    private const byte ReferenceFormat = 1;
    private const int GuidBytes = 16;
    private const int ReferencePlainBytes = GuidBytes + 1 + sizeof(long) + SHA256.HashSizeInBytes + 1 + MaxSecretCharacters;
    private const int ReferenceHeadBytes = 1 + sizeof(int);
    private const string ServiceCodeCvv2 = "000";

    private readonly byte[] _masterKey;
    private readonly ConcurrentDictionary<(KeyPurpose Purpose, int Version), LoadedKey> _versions = new();
    private readonly ConcurrentDictionary<KeyPurpose, int> _current = new();
    private readonly ConcurrentDictionary<Guid, LoadedKey> _verificationKeys = new();

    /// <param name="masterKey">256 bits. It is copied; the caller clears its own.</param>
    public Hsm(ReadOnlySpan<byte> masterKey)
    {
        if (masterKey.Length != MasterKeyBytes)
        {
            throw new ArgumentException($"The master key has {MasterKeyBytes} bytes.", nameof(masterKey));
        }
        _masterKey = Pinned(masterKey);
    }

    /// <summary>A new random key, wrapped. The database keeps it; nothing can use it before <see cref="Load"/>.</summary>
    /// <param name="id">The record's id (UUIDv7).</param>
    /// <param name="version">1 or more; for a purpose with several versions the highest loaded is the current one.</param>
    public WrappedKey NewKey(KeyPurpose purpose, Guid id, int version)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(version, 1);
        Span<byte> key = stackalloc byte[purpose == KeyPurpose.CardVerification ? 2 * DesKeyBytes : AesKeyBytes];
        try
        {
            do
            {
                RandomNumberGenerator.Fill(key);
            }
            while (purpose == KeyPurpose.CardVerification && !TryMakeDesPair(key));
            return new WrappedKey(id, purpose, version, [WrapFormat, .. Seal(_masterKey, key, WrapContext(purpose, id, version))]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>Unwraps keys for use. A key that is already loaded is left as it is.</summary>
    /// <exception cref="CryptographicException">A key was wrapped under another master key, or its record was changed.</exception>
    /// <exception cref="InvalidOperationException">Two keys claim the same purpose and version.</exception>
    public void Load(IEnumerable<WrappedKey> keys)
    {
        foreach (var key in keys)
        {
            Load(key);
        }
    }

    /// <summary>Whether a key with several versions is loaded in this one; another replica may have made it since.</summary>
    public bool Has(KeyPurpose purpose, int version) => _versions.ContainsKey((purpose, version));

    /// <summary>Whether a programme's pair of card verification keys is loaded.</summary>
    public bool HasVerificationKey(Guid keyId) => _verificationKeys.ContainsKey(keyId);

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
        Span<byte> pair = stackalloc byte[2 * DesKeyBytes];
        try
        {
            Diversify(VerificationKey(keyId), counter, pair);
            return Cvv.Parse(CardVerificationValue(pair, pan.Reveal(), Digits(expiry, order), ServiceCodeCvv2));
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

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_masterKey);
        foreach (var key in _versions.Values.Concat(_verificationKeys.Values))
        {
            CryptographicOperations.ZeroMemory(key.Bytes);
        }
        _versions.Clear();
        _verificationKeys.Clear();
    }

    /// <summary>
    /// The card verification value of the bank-card technical rule: PAN, expiry and service code as 32 digits padded with
    /// zeros, in two blocks; the first encrypted under key A, added to the second, that under A, B, A; the decimal digits
    /// of the result first, then its letters less ten.
    /// </summary>
    /// <param name="pair">Keys A and B, 8 bytes each.</param>
    /// <param name="expiry">Four digits.</param>
    /// <param name="serviceCode">Three digits.</param>
    internal static string CardVerificationValue(ReadOnlySpan<byte> pair, string pan, string expiry, string serviceCode)
    {
        Span<byte> blocks = stackalloc byte[2 * DesKeyBytes];
        Span<char> hexadecimal = stackalloc char[2 * DesKeyBytes];
        try
        {
            Convert.FromHexString((pan + expiry + serviceCode).PadRight(4 * DesKeyBytes, '0'), blocks, out _, out _);
            var first = blocks[..DesKeyBytes];
            var second = blocks[DesKeyBytes..];
            SingleDes(pair[..DesKeyBytes], first);
            for (var i = 0; i < DesKeyBytes; i++)
            {
                first[i] ^= second[i];
            }
            TripleDes(pair[..DesKeyBytes], pair[DesKeyBytes..], pair[..DesKeyBytes], first);

            Convert.TryToHexString(first, hexadecimal, out _);
            Span<char> value = stackalloc char[2 * DesKeyBytes];
            var length = 0;
            foreach (var digit in hexadecimal)
            {
                if (char.IsAsciiDigit(digit))
                {
                    value[length++] = digit;
                }
            }
            foreach (var letter in hexadecimal)
            {
                if (!char.IsAsciiDigit(letter))
                {
                    value[length++] = (char)(letter - 'A' + '0');
                }
            }
            return new string(value[..Cvv.Digits]);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(blocks);
            hexadecimal.Clear();
        }
    }

    /// <summary>Encrypts one block under DES (FIPS 46-3).</summary>
    /// <remarks>
    /// DES by itself is in OpenSSL's legacy provider, which not every system installs; Triple DES is always there, but
    /// refuses three equal keys. So with T(a,b,c) = E_c D_b E_a, n the complement of k and x another key:
    /// T(k,n,k) T(k,x,k)^-1 T(n,x,k) = (E_k D_n E_k) (D_k E_x D_k) (E_k D_x E_n) = E_k.
    /// </remarks>
    internal static void SingleDes(ReadOnlySpan<byte> key, Span<byte> block)
    {
        Span<byte> complement = stackalloc byte[DesKeyBytes];
        Span<byte> other = stackalloc byte[DesKeyBytes];
        for (var i = 0; i < DesKeyBytes; i++)
        {
            complement[i] = (byte)(key[i] ^ 0xFF);
            other[i] = (byte)(key[i] ^ 0xF0);
        }
        TripleDes(complement, other, key, block);
        TripleDes(key, other, key, block, decrypt: true);
        TripleDes(key, complement, key, block);
        CryptographicOperations.ZeroMemory(complement);
        CryptographicOperations.ZeroMemory(other);
    }

    [SuppressMessage("Security", "CA5350", Justification = "The card schemes' CVV algorithm is defined on Triple DES.")]
    internal static void TripleDes(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third, Span<byte> block, bool decrypt = false)
    {
        Span<byte> key = stackalloc byte[3 * DesKeyBytes];
        first.CopyTo(key);
        second.CopyTo(key[DesKeyBytes..]);
        third.CopyTo(key[(2 * DesKeyBytes)..]);
        try
        {
            using var des = TripleDES.Create();
            des.SetKey(key);
            _ = decrypt ? des.DecryptEcb(block, block, PaddingMode.None) : des.EncryptEcb(block, block, PaddingMode.None);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>
    /// The pair for a card's CVV counter: the programme's own for 0, otherwise the first 16 bytes of
    /// HMAC-SHA256(CVK A | CVK B, "antaca/cvv-counter/v1/" | counter | attempt) with odd parity (counter and attempt four
    /// bytes each, big-endian; the attempt is 0, or the next that gives two different keys).
    /// </summary>
    internal static void Diversify(ReadOnlySpan<byte> programmePair, int counter, Span<byte> pair)
    {
        if (counter == 0)
        {
            programmePair.CopyTo(pair);
            return;
        }

        var label = "antaca/cvv-counter/v1/"u8;
        Span<byte> input = stackalloc byte[label.Length + 2 * sizeof(int)];
        label.CopyTo(input);
        BinaryPrimitives.WriteInt32BigEndian(input[label.Length..], counter);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var attempt = 0;
        do
        {
            BinaryPrimitives.WriteInt32BigEndian(input[(label.Length + sizeof(int))..], attempt++);
            HMACSHA256.HashData(programmePair, input, hash);
            hash[..pair.Length].CopyTo(pair);
        }
        while (!TryMakeDesPair(pair));
        CryptographicOperations.ZeroMemory(hash);
    }

    /// <summary>Sets odd parity; false where the two keys are one (Triple DES would be DES).</summary>
    private static bool TryMakeDesPair(Span<byte> pair)
    {
        foreach (ref var octet in pair)
        {
            octet = (byte)((octet & 0xFE) | (~byte.PopCount((byte)(octet & 0xFE)) & 1));
        }
        return !CryptographicOperations.FixedTimeEquals(pair[..DesKeyBytes], pair[DesKeyBytes..]);
    }

    private static string Digits(DateOnly expiry, ExpiryOrder order) =>
        expiry.ToString(order == ExpiryOrder.YearMonth ? "yyMM" : "MMyy", CultureInfo.InvariantCulture);

    private void Load(WrappedKey wrapped)
    {
        var known = wrapped.Purpose == KeyPurpose.CardVerification
            ? _verificationKeys.GetValueOrDefault(wrapped.Id)
            : _versions.GetValueOrDefault((wrapped.Purpose, wrapped.Version));
        if (known is not null)
        {
            Expect(known.Id == wrapped.Id && known.Version == wrapped.Version, wrapped);
            return;
        }

        if (wrapped.Wrapped is not [WrapFormat, ..])
        {
            throw new CryptographicException($"Key {wrapped.Id} is wrapped in an unknown format.");
        }
        var bytes = Open(_masterKey, wrapped.Wrapped.AsSpan(1), WrapContext(wrapped.Purpose, wrapped.Id, wrapped.Version));
        var key = new LoadedKey(wrapped.Id, wrapped.Version, Pinned(bytes));
        CryptographicOperations.ZeroMemory(bytes);

        var kept = wrapped.Purpose == KeyPurpose.CardVerification
            ? _verificationKeys.GetOrAdd(key.Id, key)
            : _versions.GetOrAdd((wrapped.Purpose, key.Version), key);
        Expect(kept.Id == key.Id, wrapped);
        if (wrapped.Purpose != KeyPurpose.CardVerification)
        {
            _current.AddOrUpdate(wrapped.Purpose, key.Version, (_, present) => Math.Max(present, key.Version));
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

    private ReadOnlySpan<byte> VerificationKey(Guid keyId) => _verificationKeys.TryGetValue(keyId, out var key)
        ? key.Bytes
        : throw new InvalidOperationException($"The vault has no card verification key {keyId}.");

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

    private sealed record LoadedKey(Guid Id, int Version, byte[] Bytes)
    {
        /// <summary>Never prints the key.</summary>
        public override string ToString() => $"key {Id}, version {Version}";
    }
}
