using System.Reflection;
using Dapper;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace Antaca.ServiceDefaults;

/// <summary>
/// The service's own database: one pooled <see cref="NpgsqlDataSource"/> whose connections run as the requests role, and
/// the migrations, applied by the owning login before the service serves.
/// </summary>
public static class Database
{
    private const int StatementTimeoutSeconds = 15;
    private const int LockTimeoutSeconds = 5;
    private const int IdleInTransactionTimeoutSeconds = 30;
    private const int MaxPoolSize = 40;

    /// <param name="requestsRole">The role without DDL rights that requests run as, such as <c>cards_requests</c>.</param>
    /// <param name="migrations">The assembly that embeds <c>Database/*.sql</c>.</param>
    public static void AddDatabase(this WebApplicationBuilder builder, string requestsRole, Assembly migrations)
    {
        DefaultTypeMap.MatchNamesWithUnderscores = true;
        var owner = builder.Configuration.GetConnectionString("database");
        if (owner is null)
        {
            builder.AddSettingsFault("ConnectionStrings:database: is required (a PostgreSQL connection string of the owning login)");
            return;
        }

        builder.Services.AddSingleton(_ => NpgsqlDataSource.Create(ForRequests(owner, requestsRole)));
        builder.Services.AddHostedService(_ => new MigrateFirst(owner, requestsRole, migrations));
        builder.Services.AddHostedService<Housekeeping>();
    }

    private static string ForRequests(string owner, string role) => new NpgsqlConnectionStringBuilder(owner)
    {
        MaxPoolSize = MaxPoolSize,
        MaxAutoPrepare = 50,
        AutoPrepareMinUsages = 3,
        IncludeErrorDetail = false,
        Options = $"-c role={role} -c statement_timeout={StatementTimeoutSeconds}s -c lock_timeout={LockTimeoutSeconds}s " +
            $"-c idle_in_transaction_session_timeout={IdleInTransactionTimeoutSeconds}s",
    }.ConnectionString;

    /// <summary>Registered before every other hosted service: nothing listens or consumes on an old schema.</summary>
    private sealed class MigrateFirst(string owner, string role, Assembly migrations) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Migrations.Apply(owner, role, migrations, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
