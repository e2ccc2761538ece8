using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace Antaca.DataCore.Users;

/// <summary>Users as a table (RFC 4180). A text that a spreadsheet would run as a formula gets an apostrophe before it.</summary>
internal static class UserCsv
{
    public const string MediaType = "text/csv";
    public const string NextHeader = "Next-Cursor";

    private static readonly CsvConfiguration _form = new(CultureInfo.InvariantCulture) { NewLine = "\r\n", InjectionOptions = InjectionOptions.Escape };

    private static readonly (string Name, Func<User, string?> Value)[] _columns =
    [
        ("id", user => user.Id.ToString()),
        ("partnerId", user => user.PartnerId.ToString()),
        ("programId", user => user.ProgramId.ToString()),
        ("externalId", user => user.ExternalId),
        ("phone", user => user.Phone),
        ("email", user => user.Email),
        ("firstName", user => user.FirstName),
        ("lastName", user => user.LastName),
        ("birthDate", user => user.BirthDate?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)),
        ("nationality", user => user.Nationality),
        ("street", user => user.Address?.Street),
        ("city", user => user.Address?.City),
        ("postalCode", user => user.Address?.PostalCode),
        ("country", user => user.Address?.Country),
        ("status", user => user.Status.ToString()),
        ("kycStatus", user => user.KycStatus.ToString()),
        ("createdAt", user => user.CreatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture)),
    ];

    public static byte[] Write(IEnumerable<User> users)
    {
        using var bytes = new MemoryStream();
        using (var text = new StreamWriter(bytes))
        using (var csv = new CsvWriter(text, _form))
        {
            foreach (var (name, _) in _columns)
            {
                csv.WriteField(name);
            }
            csv.NextRecord();
            foreach (var user in users)
            {
                foreach (var (_, value) in _columns)
                {
                    csv.WriteField(value(user));
                }
                csv.NextRecord();
            }
        }
        return bytes.ToArray();
    }
}
