using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using Antaca.DataCore.Credentials;
using Antaca.DataCore.Partners;
using Antaca.DataCore.Vault;
using Antaca.ServiceDefaults;
using Npgsql;

namespace Antaca.DataCore.Operators;

/// <summary>
/// Development only: one active Admin, whose credentials are in <c>operator.json</c> beside the sandbox's others. They stay as
/// they are from start to start; where the file is lost, new ones are made.
/// </summary>
internal sealed partial class SandboxOperator(
    SandboxSettings settings, SlowHash slow, Hsm hsm, NpgsqlDataSource database, TimeProvider clock, ILogger<SandboxOperator> log) : IHostedService
{
    private const string FileName = "operator.json";
    private const string Email = "operator@example.com";
    private const string Name = "Sandbox Operator";
    private const int PasswordBytes = 18;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly JsonSerializerOptions _indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };
    private static readonly Guid _operatorId = new("0190a000-0000-7000-8000-000000000004");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var file = Path.Combine(settings.Folder!, FileName);
        await using var work = await Work.Begin(database, cancellationToken);
        await work.Add(InviteOperator.New(Email, Name, Role.Admin, now) with { Id = _operatorId });
        // Held until the file is written: of two replicas that start at once, the second finds it.
        var found = await work.FindForChange(_operatorId, now);
        if (found is null)
        {
            AddressTaken(log, Email);
            return;
        }
        if (found.PasswordHash is not null && File.Exists(file))
        {
            return;
        }

        var password = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(PasswordBytes));
        var secret = SecondFactor.NewSecret();
        await work.Save(found.WithFactors(slow.Hash(Passwords.Purpose, password), hsm.SealOperatorSecret(_operatorId, secret)) with { Role = Role.Admin });
        await work.EndChallenges(_operatorId);
        await work.EndSessions(_operatorId, "CredentialsChanged", now);
        await Write(file, password, SecondFactor.Show(Email, secret), cancellationToken);
        await work.Commit();
        OperatorReady(log, file);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static async Task Write(string file, string password, TotpView totp, CancellationToken cancel)
    {
        var unfinished = file + ".unfinished";
        File.Delete(unfinished);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, Options = FileOptions.Asynchronous };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }
        await using (var writer = new StreamWriter(unfinished, options))
        {
            var text = JsonSerializer.Serialize(new { email = Email, password, totpSecret = totp.Secret, totpUri = totp.Uri }, _indented);
            await writer.WriteAsync(text.AsMemory(), cancel);
        }
        File.Move(unfinished, file, overwrite: true);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "The sandbox operator's credentials are in {File}")]
    private static partial void OperatorReady(ILogger log, string file);

    [LoggerMessage(Level = LogLevel.Warning, Message = "There is no sandbox operator: another operator has {Email}")]
    private static partial void AddressTaken(ILogger log, string email);
}
