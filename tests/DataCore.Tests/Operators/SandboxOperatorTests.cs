using System.Text.Json;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.DataCore.Tests.Operators;

/// <summary>A suite of its own: it stops the service.</summary>
public sealed class SandboxOperatorTests(OperatorSuite suite) : IClassFixture<OperatorSuite>
{
    [Fact]
    public async Task The_sandbox_operator_logs_in_with_what_its_file_says_until_the_file_is_lost()
    {
        var file = Path.Combine(suite.Certificates.Sandbox, "operator.json");
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        }
        var before = await File.ReadAllTextAsync(file);
        await LogInFrom(before);

        await suite.Stop("datacore");
        await suite.Start("datacore");
        Assert.Equal(before, await File.ReadAllTextAsync(file));
        await LogInFrom(before);

        await suite.Stop("datacore");
        File.Delete(file);
        await suite.Start("datacore");
        var after = await File.ReadAllTextAsync(file);
        await LogInFrom(after);
        var former = JsonSerializer.Deserialize<JsonElement>(before);
        (await suite.StartSession("operator@example.com", former.GetProperty("password").GetString()!)).MustRefuse(401, "LOGIN_FAILED");

        async Task LogInFrom(string text)
        {
            var read = JsonSerializer.Deserialize<JsonElement>(text);
            var who = new TestOperator(Guid.Empty, read.GetProperty("email").GetString()!, Role.Admin, OperatorSuite.Base32(read.GetProperty("totpSecret").GetString()!));
            suite.Clock.Advance(TimeSpan.FromSeconds(60));
            var started = (await suite.StartSession(who.Email, read.GetProperty("password").GetString()!)).Must(200);
            Assert.Equal("Admin", (await suite.Verify(started["challenge"].GetString()!, suite.Code(who))).Must(201)["operator"].GetProperty("role").GetString());
            Assert.StartsWith("otpauth://totp/Antaca:operator%40example.com?secret=", read.GetProperty("totpUri").GetString(), StringComparison.Ordinal);
        }
    }
}
