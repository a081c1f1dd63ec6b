// Runs the data server with what its environment says, until it is told to stop.
const { PDS, envToCfg, envToSecrets, readEnv } = require('@atproto/pds')

async function main() {
  const env = readEnv()
  const server = await PDS.create(envToCfg(env), envToSecrets(env))
  await server.start()
}

process.on('SIGTERM', () => process.exit(0))
main().catch((error) => {
  console.error(error)
  process.exit(1)
})
