using System.Runtime.Versioning;
using Antaca.ServiceDefaults;
using Antaca.TestKit;
using Xunit;

namespace Antaca.Notifications.Tests.Messages;

[UnsupportedOSPlatform("windows")]
public sealed class MessageFolderTests(TestKit.Suite suite) : IClassFixture<TestKit.Suite>
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    [Fact]
    public async Task Development_writes_messages_to_files_that_their_owner_alone_reads()
    {
        var messages = suite.Neighbour("datacore", "notifications");
        foreach (var code in new[] { "111111", "222222" })
        {
            (await messages.Post("/internal/messages", new
            {
                id = Guid.CreateVersion7(),
                carrier = "Sms",
                to = "+48600999888",
                template = "ActivationCode",
                values = new { code, minutes = "10" },
            })).Must(200);
        }

        Assert.Contains("222222", await suite.LastMessageTo("+48600999888"), StringComparison.Ordinal);
        var files = Directory.GetFiles(Path.Combine(suite.Folder, "messages"));
        Assert.All(files, file => Assert.Matches(@"/\d{8}T\d{9}-Sms-ActivationCode\.txt$", file));
        Assert.All(files, file => Assert.Equal(OwnerOnly, File.GetUnixFileMode(file)));
        Assert.Equal(OwnerOnly | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.Combine(suite.Folder, "messages")));
    }

    [Fact]
    public void Production_has_no_folder_for_messages_and_sends_nothing_in_clear()
    {
        var refused = Assert.Throws<SettingsException>(() => Service.Build(
        [
            "--environment=Production",
            "--Messages:Folder=/tmp/messages",
            "--Mail:Host=mail.bank.example",
            "--Mail:Security=None",
            "--Mail:Password=x",
            "--Sms:Url=http://sms.example/messages",
        ]));

        Assert.Contains(refused.Faults, fault => fault.StartsWith("Messages:Folder", StringComparison.Ordinal));
        Assert.Contains(refused.Faults, fault => fault.StartsWith("Mail:Security", StringComparison.Ordinal));
        Assert.Contains(refused.Faults, fault => fault.StartsWith("Mail:From", StringComparison.Ordinal));
        Assert.Contains(refused.Faults, fault => fault.StartsWith("Mail:UserName", StringComparison.Ordinal));
        Assert.Contains(refused.Faults, fault => fault.StartsWith("Sms:Url", StringComparison.Ordinal));
    }
}
