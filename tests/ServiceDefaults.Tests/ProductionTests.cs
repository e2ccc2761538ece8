using Antaca.TestKit;
using Xunit;

namespace Antaca.ServiceDefaults.Tests;

/// <summary>Nothing made for development serves elsewhere.</summary>
public sealed class ProductionTests
{
    [Fact]
    public void Production_refuses_a_development_identity()
    {
        var folder = Directory.CreateTempSubdirectory("antaca-production-").FullName;
        try
        {
            var made = AppHost.Certificates.Keep(folder, ["cardservice"], TimeProvider.System);
            var settings = new IdentitySettings { Certificate = made.CertificateOf("cardservice"), Key = made.KeyOf("cardservice"), Authority = made.InternalAuthority };

            Assert.Equal("cardservice", ServiceIdentity.Load(settings, "cardservice", Environment("Development")).Name);
            Assert.Throws<SettingsException>(() => ServiceIdentity.Load(settings, "cardservice", Environment("Production")));
            Assert.Throws<SettingsException>(() => ServiceIdentity.Load(settings, "gateway", Environment("Development")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Microsoft.Extensions.Hosting.IHostEnvironment Environment(string name) =>
        Microsoft.AspNetCore.Builder.WebApplication.CreateBuilder(new Microsoft.AspNetCore.Builder.WebApplicationOptions { EnvironmentName = name }).Environment;
}
