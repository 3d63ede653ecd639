@echo off
echo --- echo on display
echo on
echo hello > nul
if 1==1 (
  echo block
  echo more
)
for %%i in (a) do (
echo %%i
)
echo a & echo b
echo x | findstr x
@echo off
echo --- misc
setlocal disableextensions
set /a x=1
endlocal
echo "unterminated quote & still
echo after quote
if "%1" == "" echo no args
if "%~1" equ "" echo none
echo %~z0 bytes>nul
for %%i in (%0) do echo %%~si >nul
echo ^"escaped quote & echo second
echo %%~
goto:eof
