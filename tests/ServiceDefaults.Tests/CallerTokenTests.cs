using System.Security.Cryptography;
using Antaca.TestKit;
using Xunit;

namespace Antaca.ServiceDefaults.Tests;

public sealed class CallerTokenTests : IDisposable
{
    private readonly TestClock _clock = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("antaca-tokens-").FullName;
    private readonly CallerTokens _gateway;
    private readonly CallerTokens _service;
    private readonly Caller _caller = new() { Channel = Channel.Secure, PartnerId = Guid.CreateVersion7(), UserId = Guid.CreateVersion7() };

    public CallerTokenTests()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(Path.Combine(_folder, "private"), key.ExportPkcs8PrivateKeyPem());
        File.WriteAllText(Path.Combine(_folder, "public"), key.ExportSubjectPublicKeyInfoPem());
        _gateway = CallerTokens.FromFile(Path.Combine(_folder, "private"), _clock);
        _service = CallerTokens.FromFile(Path.Combine(_folder, "public"), _clock);
    }

    [Fact]
    public async Task A_service_gets_the_caller_that_the_gateway_signed()
    {
        Assert.Equal(_caller, await _service.Verify(_gateway.Sign(_caller, "cardservice"), "cardservice"));

        var processor = new Caller { Channel = Channel.Processor, Processor = "sandbox" };
        Assert.Equal(processor, await _service.Verify(_gateway.Sign(processor, "cardservice"), "cardservice"));
    }

    [Fact]
    public async Task A_token_is_for_one_service() =>
        Assert.Null(await _service.Verify(_gateway.Sign(_caller, "cardservice"), "balanceservice"));

    [Fact]
    public async Task A_token_lives_a_minute_even_where_it_has_been_seen()
    {
        var token = _gateway.Sign(_caller, "cardservice");
        Assert.NotNull(await _service.Verify(token, "cardservice"));

        _clock.Advance(TimeSpan.FromSeconds(CallerTokens.LifeSeconds + 1));

        Assert.Null(await _service.Verify(token, "cardservice"));
    }

    [Fact]
    public async Task A_signed_token_is_given_again_for_half_its_life_and_never_later()
    {
        var first = _gateway.Sign(_caller, "cardservice");
        Assert.Equal(first, _gateway.Sign(_caller, "cardservice"));

        _clock.Advance(TimeSpan.FromSeconds(CallerTokens.LifeSeconds - 1));

        Assert.NotNull(await _service.Verify(_gateway.Sign(_caller, "cardservice"), "cardservice"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("eyJhbGciOiJub25lIn0.e30.")]
    public async Task What_is_no_token_of_ours_is_nobody(string token) => Assert.Null(await _service.Verify(token, "cardservice"));

    [Fact]
    public async Task A_changed_token_and_another_key_are_nobody()
    {
        var parts = _gateway.Sign(_caller, "cardservice").Split('.');
        var other = _gateway.Sign(_caller with { UserId = Guid.CreateVersion7() }, "cardservice").Split('.');
        Assert.Null(await _service.Verify($"{parts[0]}.{other[1]}.{parts[2]}", "cardservice"));

        using var stranger = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        File.WriteAllText(Path.Combine(_folder, "stranger"), stranger.ExportPkcs8PrivateKeyPem());
        using var forged = CallerTokens.FromFile(Path.Combine(_folder, "stranger"), _clock);
        Assert.Null(await _service.Verify(forged.Sign(_caller, "cardservice"), "cardservice"));
    }

    public void Dispose()
    {
        _gateway.Dispose();
        _service.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
