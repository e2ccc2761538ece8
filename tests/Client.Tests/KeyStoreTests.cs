using System.Security.Cryptography;
using System.Text;

namespace Antaca.Client.Tests;

/// <summary>Keys that stay: in files that are of no use without the passphrase.</summary>
public sealed class KeyStoreTests : IDisposable
{
    private const string Passphrase = "correct horse battery staple";

    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("antaca-keys-").FullName, "device");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public async Task Keys_and_installation_are_there_the_next_time()
    {
        var installation = Guid.NewGuid();
        string signing, answers;
        using (var first = FileKeyStore.Open(_folder, Passphrase))
        {
            Assert.Null(await first.GetInstallation());
            await first.KeepInstallation(installation);
            (signing, answers) = ((await first.GetSigningKey()).Thumbprint, (await first.GetAnswerKey()).Kid);
        }

        using var second = FileKeyStore.Open(_folder, Passphrase);

        Assert.Equal(installation, await second.GetInstallation());
        Assert.Equal((signing, answers), ((await second.GetSigningKey()).Thumbprint, (await second.GetAnswerKey()).Kid));
        await second.KeepInstallation(null);
        Assert.Null(await second.GetInstallation());
    }

    [Fact]
    public async Task What_it_signs_verifies()
    {
        using var files = FileKeyStore.Open(_folder, Passphrase);
        using var memory = new InMemoryKeyStore();
        foreach (IKeyStore store in new IKeyStore[] { files, memory })
        {
            var data = "a challenge"u8.ToArray();
            var signature = await store.Sign(data);
            Assert.Equal(64, signature.Length);
            Assert.True((await store.GetSigningKey()).TryGetP256(out var key));
            using (key)
            {
                Assert.True(key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
            }
        }
    }

    [Fact]
    public async Task Files_are_encrypted_and_their_owners_alone()
    {
        using (var store = FileKeyStore.Open(_folder, Passphrase))
        {
            await store.KeepInstallation(Guid.NewGuid());
        }
        Assert.Equal(["answers.pem", "installation", "signing.pem"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        foreach (var file in Directory.GetFiles(_folder, "*.pem"))
        {
            Assert.StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----", File.ReadAllText(file), StringComparison.Ordinal);
        }
        foreach (var file in Directory.GetFiles(_folder))
        {
            Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite), file);
        }
    }

    [Fact]
    public void Another_passphrase_does_not_open_them()
    {
        FileKeyStore.Open(_folder, Passphrase).Dispose();
        Assert.ThrowsAny<CryptographicException>(() => FileKeyStore.Open(_folder, "another"));
        Assert.Throws<ArgumentException>(() => FileKeyStore.Open(_folder, ""));
        FileKeyStore.Open(_folder, Passphrase).Dispose();
    }

    [Fact]
    public void A_damaged_file_is_not_replaced()
    {
        FileKeyStore.Open(_folder, Passphrase).Dispose();
        var file = Path.Combine(_folder, "signing.pem");
        File.WriteAllText(file, "nothing");
        Assert.Throws<CryptographicException>(() => FileKeyStore.Open(_folder, Passphrase));
        Assert.Equal("nothing", File.ReadAllText(file));
    }

    [Fact]
    public void A_file_that_others_may_read_is_refused()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }
        FileKeyStore.Open(_folder, Passphrase).Dispose();
        File.SetUnixFileMode(Path.Combine(_folder, "answers.pem"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        Assert.Throws<UnauthorizedAccessException>(() => FileKeyStore.Open(_folder, Passphrase));
    }

    [Fact]
    public async Task Two_who_make_the_keys_at_once_have_the_same()
    {
        var stores = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => FileKeyStore.Open(_folder, Passphrase))));
        var thumbprints = new HashSet<string>();
        foreach (var store in stores)
        {
            thumbprints.Add((await store.GetSigningKey()).Thumbprint);
            store.Dispose();
        }
        Assert.Single(thumbprints);
        Assert.Equal(2, Directory.GetFiles(_folder).Length);
    }

    [Fact]
    public async Task No_session_is_written_to_a_file()
    {
        var suite = new AppSide();
        await using var server = await SuiteServer.Start();
        server.Answer = suite.Answer;
        using var connection = server.ConnectPublicly();
        using var store = FileKeyStore.Open(_folder, Passphrase);
        var app = new MobileClient(connection, store);
        await app.Pair(new Pairing { Phone = "+48600100200", ActivationCode = AppSide.Code, DeviceId = "d", DeviceName = "d", Pin = AppSide.Pin });
        await app.SignIn(AppSide.Pin);

        var written = string.Concat(Directory.GetFiles(_folder).Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));

        Assert.Contains(suite.InstallationId.ToString(), written, StringComparison.Ordinal);
        Assert.All([.. suite.Given, AppSide.Pin], secret => Assert.DoesNotContain(secret, written, StringComparison.Ordinal));
    }
}
